/** Shows how the letters of a page were interpreted. */

import type { PageJudgement } from '../judging/judge-page.ts';
import { usualTrial } from '../judging/scenario.ts';
import type { World } from '../judging/worlds.ts';
import { isSupposed } from '../meaning/networks.ts';
import { textOf } from '../syntax/print-text.ts';

const nameOf = (member: string): string => {
  const at = member.lastIndexOf('@');
  const key = member.slice(0, at).replace(/^(?:bold|calligraphic|upright) /, '');
  return at === member.length - 1 ? key : `${key}_${member.slice(at + 1)}`;
};

/** Lists the shapes of letters at the sizes tried, with the definition each was inferred from. */
export function readingOf({ outline, scenarios, formulas: all, transitions }: PageJudgement): string[] {
  const formulas = all.filter(({ isApart }) => !isApart);
  const worlds = new Set<World>(formulas.flatMap(({ steps }) => steps.map(({ world }) => world)));
  const lines = [...transitions].map(([key, transition]) => `${key} is interpreted as the ${transition}`);
  for (const statement of outline.reading.statements.filter(isSupposed))
    lines.push(`assumed: ${statement.sides.map(textOf).join(' = ')}`);
  for (const world of worlds) {
    const scenario = scenarios.of(world, { ...usualTrial, points: 1, transitions });
    if (world.definitions.length === 0) {
      const statement = formulas.find(({ steps }) => steps.some((step) => step.world === world))!.statement;
      const shapes = [...scenario.members.shapes].map(
        ([member, { r, c }]) => `${nameOf(member)} ${scenario.sizeOf(r)} x ${scenario.sizeOf(c)}`,
      );
      if (shapes.length > 0)
        lines.push(`line ${outline.reading.page.source.placeOf(statement.span.start).line}: ${shapes.join(', ')}`);
      continue;
    }
    for (const [member, { r, c }] of scenario.members.shapes) {
      const [rows, columns] = [scenario.sizeOf(r), scenario.sizeOf(c)];
      const key = member.slice(0, member.lastIndexOf('@'));
      const definition =
        world.definitions.find((other) => other.key === key) ??
        world.definitions.find(({ body }) => textOf(body).includes(nameOf(`${key}@`)));
      const statement = definition && outline.reading.statements[definition.statement];
      const from = statement === undefined ? '' : `, from ${statement.sides.slice(0, 2).map(textOf).join(' = ')}`;
      lines.push(`${nameOf(member)}: ${rows} x ${columns}${from}`);
    }
  }
  return lines;
}
