export { type CacheFolders, cacheFolders, offlineFolder } from './cache-folder.ts';
export { type Catalogue, type CatalogueModel, readCatalogue } from './catalogue.ts';
export type { Architecture, Model, ModelDescriptor, NetworkVariant } from './descriptor.ts';
export type { PullEvent } from './fetch.ts';
export { type LoadModelOptions, loadModel, locateWeights } from './load-model.ts';
export { fileSha256, findCatalogued, findOwn, listOwn, type WeightFiles } from './store.ts';
