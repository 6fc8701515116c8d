# Three images, one target each: docker build --target services (or runner, or trainer).
#
# Each holds a program and what it loads, all of it owned by root and run by somebody else; no shell, no package manager.
# They are put together from this one base, since the smaller ones there are have no tags that stay as they are.
FROM node:24.21.0-bookworm-slim AS node
# Node brings its own certificates and time zones, so the C library, its loader and the names of users are all it needs.
RUN mkdir /root-file-system && cd /root-file-system \
 && mkdir --parents usr/local/bin etc \
 && cp /usr/local/bin/node usr/local/bin/ \
 && ldd /usr/local/bin/node | grep --only-matching '/[^ ]*' | xargs cp --parents --dereference --target-directory=. \
 && echo 'trainyard:x:65532:65532::/tmp:/sbin/nologin' > etc/passwd \
 && echo 'trainyard:x:65532:' > etc/group \
 && echo 'hosts: files dns' > etc/nsswitch.conf \
 && install --directory --mode=1777 tmp var/cache/trainyard var/lib/trainyard

FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /trainyard
COPY package.json package-lock.json .npmrc ./
# Node is the image's, and PostgreSQL a server of its own: left out are the packages that bring them to a laptop. Of the
# others, two fifths are what only debuggers and compilers read.
RUN npm ci --omit=dev --omit=optional --ignore-scripts \
 && find node_modules -type f '(' -name '*.map' -o -name '*.d.ts' ')' -delete

# Node with its loader and libraries beside it: the runner is a guest in the image of a training program, and runs there
# whatever C library that has, or none. It works in this folder only. (An RPATH, since the LD_LIBRARY_PATH of an image goes
# before the newer RUNPATH.)
FROM node:24.21.0-bookworm-slim AS guest
RUN apt-get update && apt-get install --yes --no-install-recommends patchelf
WORKDIR /trainyard-runner
RUN mkdir lib && cp /usr/local/bin/node . \
 && ldd node | grep --only-matching '/[^ ]*' | xargs cp --dereference --target-directory=lib \
 && patchelf --set-interpreter "$PWD/$(ls lib/ld-linux-*)" --force-rpath --set-rpath "$PWD/lib" node

# Brings the runner into the pod of an attempt: its init container copies it to where the program's container finds it.
FROM scratch AS runner
COPY --from=guest /trainyard-runner /trainyard-runner
COPY package.json /trainyard-runner/
COPY services/runner /trainyard-runner/services/runner
USER 65532:65532
ENTRYPOINT ["/trainyard-runner/node"]
CMD ["/trainyard-runner/services/runner/install.ts", "/trainyard-install"]

# The programs that come along, for attempts in Kubernetes: they run on the runner's Node, and a command of trainyard.yaml
# is the same here as on a laptop.
FROM scratch AS trainer
WORKDIR /trainyard
# Of the packages, what wide-deep loads; the other programs load none.
COPY --from=packages /trainyard/node_modules/@tensorflow node_modules/@tensorflow
COPY --from=packages /trainyard/node_modules/@energetic-ai node_modules/@energetic-ai
COPY --from=packages /trainyard/node_modules/long node_modules/long
COPY --from=packages /trainyard/node_modules/seedrandom node_modules/seedrandom
COPY package.json ./
COPY services/trainer services/trainer
USER 65532:65532

# Every service; the command says which of them runs: services/intake/main.ts, …, or services/all.ts. The last one, so
# that it is what a build without a target makes.
FROM scratch AS services
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/var/cache/trainyard \
    TRAINYARD_DATA_DIR=/var/lib/trainyard
WORKDIR /trainyard
COPY --from=node /root-file-system /
COPY --from=packages /trainyard/node_modules node_modules
COPY package.json ./
COPY schemas schemas
COPY services services
USER 65532:65532
EXPOSE 7070
# As in bin/trainyard.js, where the reason is.
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=16"]
CMD ["services/all.ts"]
