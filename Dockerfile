# One image for all four services and the CLI; the command says which one runs.
# syntax=docker/dockerfile:1

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No dependency needs its install script; none is run.
RUN npm ci --ignore-scripts
COPY nest-cli.json rspack.config.mjs tsconfig.json ./
COPY libs libs
COPY services services
COPY tools tools
RUN npx nest build

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim AS run
ENV NODE_ENV=production HOLDFAST_HOST=0.0.0.0
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
# Where audit keeps its key and checkpoints: a volume there is given this owner.
RUN mkdir -p /var/lib/holdfast && chown node:node /var/lib/holdfast
# The image's own plain user.
USER node
STOPSIGNAL SIGTERM
EXPOSE 8080 8081 8082 8083
# Room for young objects, little for old ones (tools/src/supervisor/start-service.ts says why).
ENTRYPOINT ["node", "--enable-source-maps", "--min-semi-space-size=16", \
  "--max-semi-space-size=16", "--heap-growing-percent=40"]
CMD ["dist/services/ingress/main.js"]
