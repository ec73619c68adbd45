export { nearestIds } from '../nearest.ts';
export { type BlendedModel, blendModels } from './blend/blend-models.ts';
export { type CachedFile, type CacheKind, listCache, removeCached } from './cache/cache-contents.ts';
export { cacheFolders, openCacheFolder, readCached, writeCached } from './cache/cache-folder.ts';
export { EXPORTER_VERSION } from './cache/cache-network.ts';
export { networkFiles, networkFilesSha256 } from './cache/network-files.ts';
export { removeModel } from './cache/remove-model.ts';
export { fileSha256, type WeightFiles } from './cache/store.ts';
export { type Catalogue, type CatalogueModel, DEFAULT_MODEL, readCatalogue } from './catalogue.ts';
export type { Architecture, Model, ModelDescriptor, NetworkTarget, NetworkVariant, Precision } from './descriptor.ts';
export type { PullEvent } from './fetch/fetch.ts';
export { importModel } from './import/import-model.ts';
export {
  hasWeights,
  type LoadModelOptions,
  loadModel,
  locateWeights,
  type NetworkOptions,
} from './import/load-model.ts';
export { type ListedModel, listModels } from './list-models.ts';
export { type ModelFacts, modelFacts } from './model-facts.ts';
export { COLOUR_SOURCES, type ColourSource } from './onnx/colour-fix.ts';
export type { OnnxOptions } from './onnx/import-onnx.ts';
