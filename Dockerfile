# Every service in one image; the command says which of them runs: services/intake/main.ts, …, or services/all.ts.
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /trainyard
COPY package.json package-lock.json .npmrc ./
# Node is the image's, and PostgreSQL a server of its own: left out are the packages that bring them to a laptop.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/var/cache/trainyard \
    TRAINYARD_DATA_DIR=/var/lib/trainyard
WORKDIR /trainyard
RUN install --directory --owner=node --group=node /var/cache/trainyard /var/lib/trainyard
COPY --from=packages /trainyard/node_modules node_modules
COPY package.json ./
COPY schemas schemas
COPY services services
USER node
EXPOSE 7070
ENTRYPOINT ["node"]
CMD ["services/all.ts"]
