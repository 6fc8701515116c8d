# Runs a container's command in a mount namespace of its own: the files of its image as they are, below a layer that takes
# what the container writes and is gone with it, and the container's mounts on top.
# Arguments: an empty folder, where the image's files lie, whether its root is read-only, working directory, user, its group
# and the supplementary ones, the number of mounts, each mount's source, target and mode, and the command. File 2 takes what
# goes wrong here, file 3 is the command's own standard error.
set -e
scratch=$1 image=$2 root_mode=$3 directory=$4 user=$5 groups=$6 count=$7
shift 7
mount -t tmpfs tmpfs "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
root=$scratch/root
mount -t overlay overlay -o "lowerdir=$image,upperdir=$scratch/upper,workdir=$scratch/work" "$root"
# An image of one program need not have them.
mkdir -p "$root/proc" "$root/sys" "$root/dev"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir -m 1777 "$root/dev/shm"
# A link such as /var/run leads to a place in the container, not on the machine. Images without programs have no links either.
inside() {
  chroot "$root" readlink -m "$1" 2>/dev/null || echo "$1"
}
while [ "$count" -gt 0 ]; do
  source=$1 target=$root$(inside "$2") mode=$3
  shift 3
  count=$((count - 1))
  if [ -d "$source" ]; then
    mkdir -p "$target"
  else
    mkdir -p "$(dirname "$target")"
    touch "$target"
  fi
  mount --rbind "$source" "$target"
  [ "$mode" = rw ] || mount -o "remount,bind,$mode" "$target"
done
mkdir -p "$root$(inside "$directory")"
[ "$root_mode" = rw ] || mount -o "remount,$root_mode" "$root"
# By a program of the machine, since an image need not have a shell. Who started this learns by file 4 that the command begins.
exec perl -e '
  my ($root, $directory, $user, $groups, @command) = @ARGV;
  chroot $root and chdir $directory or die "$directory: $!\n";
  my @paths = $command[0] =~ m{/} ? ($command[0]) : map { "$_/$command[0]" } split /:/, $ENV{PATH};
  my ($program) = grep { -f && -x } @paths;
  unless (defined $program) {
    print STDERR "exec: \"$command[0]\": executable file not found in \$PATH\n";
    exit 128;
  }
  if ($user ne "") {
    $) = $groups;
    $( = (split / /, $groups)[0];
    ($<, $>) = ($user, $user);
  }
  open my $begun, ">&=", 4;
  print $begun "begins\n";
  close $begun;
  open my $errors, ">&=", 3;
  open STDERR, ">&", $errors;
  close $errors;
  exec { $program } @command;
' "$root" "$directory" "$user" "$groups" "$@"
