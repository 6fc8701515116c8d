# Runs a container's command in a mount namespace of its own: the machine's files as they are, below a layer that takes
# what the container writes and is gone with it, and the container's mounts on top.
# Arguments: an empty folder, whether its root is read-only, working directory, user, group, supplementary groups, the
# number of mounts, each mount's source, target and mode, and the command. File 2 takes what goes wrong here, file 3 is
# the command's own standard error.
set -e
scratch=$1 root_mode=$2 directory=$3 user=$4 group=$5 groups=$6 count=$7
shift 7
mount -t tmpfs tmpfs "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
root=$scratch/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir -m 1777 "$root/dev/shm"
while [ "$count" -gt 0 ]; do
  # A link such as /var/run leads to a place in the container, not on the machine.
  source=$1 target=$root$(chroot "$root" readlink -m "$2") mode=$3
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
mkdir -p "$root$(chroot "$root" readlink -m "$directory")"
[ "$root_mode" = rw ] || mount -o "remount,$root_mode" "$root"
# The one who started this learns by file 4 that the command begins.
exec chroot "$root" sh -c '
  cd "$1" || exit 128
  user=$2 group=$3 groups=$4
  shift 4
  command -v "$1" >/dev/null || { echo "exec: \"$1\": executable file not found in \$PATH" >&2; exit 128; }
  echo begins >&4
  [ -n "$user" ] || exec "$@" 2>&3 3>&- 4>&-
  exec setpriv "--reuid=$user" "--regid=$group" "--groups=$groups" "$@" 2>&3 3>&- 4>&-
' sh "$directory" "$user" "$group" "$groups" "$@"
