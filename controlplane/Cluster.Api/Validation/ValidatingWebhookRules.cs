using Cluster.Api.AdmissionRegistrationV1;

namespace Cluster.Api.Validation;

internal sealed class ValidatingWebhookRules : KindRules<ValidatingWebhookConfiguration>
{
    protected override void Check(ValidatingWebhookConfiguration obj, FieldErrors errors) => WebhookRules.Check(obj.Webhooks, errors);
}
