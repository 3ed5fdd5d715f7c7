// Owns what is left out of bundles: ts-mls asks for packages of suites that are not spoken here, when somebody wants them.

export const EXTERNAL =
    ["@noble/*", "@hpke/chacha20poly1305", "@hpke/hybridkem-x-wing", "@hpke/ml-kem", "@hpke/dhkem-x448"];
