/** The architectures of the settings, as Docker names them. */
export const DOCKER_ARCHITECTURE = { arm64: "arm64", x86_64: "amd64" } as const;
