export { cacheFolders } from './cache-folder.ts';
export { type Catalogue, type CatalogueModel, readCatalogue } from './catalogue.ts';
export type { Architecture, Model, ModelDescriptor, NetworkVariant } from './descriptor.ts';
export type { PullEvent } from './fetch.ts';
export { importModel } from './import-model.ts';
export { EXPORTER_VERSION } from './import-network.ts';
export { type ListedModel, listModels } from './list-models.ts';
export { type LoadModelOptions, loadModel, locateWeights } from './load-model.ts';
export { fileSha256, type WeightFiles } from './store.ts';
