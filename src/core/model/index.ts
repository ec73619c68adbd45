export { type BlendedModel, blendModels } from './blend-models.ts';
export { type CachedFile, type CacheKind, listCache, removeCached } from './cache-contents.ts';
export { cacheFolders, readCached, writeCached } from './cache-folder.ts';
export { type Catalogue, type CatalogueModel, nearestIds, readCatalogue } from './catalogue.ts';
export type { Architecture, Model, ModelDescriptor, NetworkTarget, NetworkVariant } from './descriptor.ts';
export type { PullEvent } from './fetch.ts';
export { importModel } from './import-model.ts';
export { EXPORTER_VERSION } from './import-network.ts';
export { type ListedModel, listModels } from './list-models.ts';
export { type LoadModelOptions, loadModel, locateWeights, type NetworkOptions } from './load-model.ts';
export { type ModelFacts, modelFacts } from './model-facts.ts';
export { networkFiles, networkFilesSha256 } from './network-files.ts';
export { COLOUR_SOURCES, type ColourSource } from './onnx/colour-fix.ts';
export type { OnnxOptions } from './onnx/import-onnx.ts';
export { removeModel } from './remove-model.ts';
export {
  directFile,
  findShared,
  pullShared,
  readSharedList,
  runsShared,
  type SharedModel,
  sizeOfShared,
} from './shared/index.ts';
export { fileSha256, type WeightFiles } from './store.ts';
