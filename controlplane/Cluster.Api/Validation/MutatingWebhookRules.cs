using Cluster.Api.AdmissionRegistrationV1;

namespace Cluster.Api.Validation;

internal sealed class MutatingWebhookRules : KindRules<MutatingWebhookConfiguration>
{
    protected override void Check(MutatingWebhookConfiguration obj, FieldErrors errors)
    {
        WebhookRules.Check(obj.Webhooks, errors);
        for (var index = 0; index < obj.Webhooks.Count; index++)
            errors.OptionalOneOf(FieldPath.Root("webhooks").Index(index).Child("reinvocationPolicy"), obj.Webhooks[index].ReinvocationPolicy, "IfNeeded", "Never");
    }
}
