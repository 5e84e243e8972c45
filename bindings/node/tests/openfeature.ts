// SPDX-License-Identifier: MIT
/* The provider, as TypeScript sees it: compiled with --strict, never run. */
import { OpenFeature, Provider } from '@openfeature/server-sdk';
import { Session } from 'envres';
import { EnvresProvider, underscored } from 'envres/openfeature';

export async function flags(session: Session): Promise<boolean> {
  const provider = new EnvresProvider(session, 'production', { app: 'shop', pollSeconds: 5, names: underscored });
  const whole: Provider = provider;
  await OpenFeature.setProviderAndWait(whole);
  const name: string = provider.metadata.name;
  const changed: boolean = await provider.poll();
  await OpenFeature.close();
  return changed && name === 'envres' && OpenFeature.getClient().getBooleanValue('show-beta', false);
}
