/** onnxruntime's packages as this version of upreel was tested with them; the sums are the npm registry's. */
export const RUNTIME_PACKAGES = [
  {
    name: 'onnxruntime-node',
    version: '1.30.0',
    integrity: 'sha512-twhs1C2C/BFkz1yc5OY0KIU2GUq6DURO7hD4bx5Q2Qy3nAMJwRXW8xU3NVczE29VA9lolLOYepoD8fjTGOfIqw==',
    /** Of the packed file: for the progress. */
    bytes: 113_507_888,
  },
  {
    name: 'onnxruntime-common',
    version: '1.30.0',
    integrity: 'sha512-7fdVWjAID1dVhH/G8qK3APARunV4VkBFoCQAP7qp4Wkab0mrorvmc+sqiT+mKXOzDqdjN5j+/Z9nb4gzNPWcyA==',
    bytes: 200_000,
  },
] as const;

export type RuntimePackage = (typeof RUNTIME_PACKAGES)[number];

/** Where in onnxruntime-node the libraries for a platform lie, with slashes. */
export function binaryFolder(platform: string = process.platform, arch: string = process.arch): string {
  return `bin/napi-v6/${platform}/${arch}`;
}

/**
 * Whether a file of a package is worth keeping on this machine: of onnxruntime-node's 288 MB of libraries only those of
 * its platform. @param path from the package's root, with slashes
 */
export function isForThisMachine(path: string): boolean {
  return !path.startsWith('bin/') || path.startsWith(`${binaryFolder()}/`);
}
