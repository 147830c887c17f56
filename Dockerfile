# Drawbridge as an image: one static binary, certificate authorities for origins,
# an empty data folder, a user without rights. Use: docs/run-in-containers.md
FROM golang:1.26.8 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/drawbridge ./cmd/drawbridge && mkdir /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/drawbridge /drawbridge
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
# Published ports reach a container by its own address, not by loopback. Control
# calls must be signed there: serve does not start without credentials.
ENV DRAWBRIDGE_LISTEN=edge,gateway,control,ops=0.0.0.0:4566 \
    DRAWBRIDGE_DATA=/data
VOLUME /data
EXPOSE 4566
ENTRYPOINT ["/drawbridge"]
CMD ["serve"]
