import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Architecture } from '../descriptor.ts';
import type { Graph } from '../graph/graph.ts';
import type { Program } from '../program/program.ts';
import { cannotBeTold } from './noise-level.ts';

/** One family of networks: how its keys give it away, and how its graph is rebuilt from its weights. */
export interface ArchitectureDefinition<Plan> {
  readonly architecture: Architecture;
  /** For people: "Compact (SRVGGNetCompact)". */
  readonly title: string;
  /** Keys that every network of the family has, in the family's own naming. */
  readonly requiredKeys: readonly string[];
  /** The weights under the family's own names, or undefined if the keys are of another family. */
  recognise(state: StateDict): StateDict | undefined;
  /**
   * Hyper-parameters, read off keys and shapes; `fileName` for what a file does not hold.
   * @param denoise 0..1, see `NetworkOptions`
   * @throws UpreelError
   */
  plan(state: StateDict, fileName: string, denoise?: number): Plan;
  /** Whether `denoise` had a meaning; default: it has none. */
  isToldNoise?(plan: Plan): boolean;
  /** For people: "64 feat, 32 conv". */
  summarise(plan: Plan): string;
  /** @throws UpreelError `model-refused` if weights are missing or do not fit */
  build(plan: Plan, state: StateDict): Graph | Program;
}

/** A definition as callers see it, without its plan's type. */
export interface ArchitectureImporter
  extends Omit<ArchitectureDefinition<never>, 'plan' | 'isToldNoise' | 'summarise' | 'build'> {
  /** @throws UpreelError, `usage` for a `denoise` that the network does not take */
  import(
    state: StateDict,
    fileName: string,
    denoise?: number,
  ): { readonly network: Graph | Program; readonly summary: string };
}

export function defineArchitecture<Plan>(definition: ArchitectureDefinition<Plan>): ArchitectureImporter {
  const { architecture, title, requiredKeys, recognise } = definition;
  return {
    architecture,
    title,
    requiredKeys,
    recognise,
    import(state, fileName, denoise) {
      const plan = definition.plan(state, fileName, denoise);
      if (denoise !== undefined && definition.isToldNoise?.(plan) !== true) throw cannotBeTold(`the ${title} network`);
      return { network: definition.build(plan, state), summary: definition.summarise(plan) };
    },
  };
}
