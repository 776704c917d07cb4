using Cluster.Api.AdmissionRegistrationV1;

namespace Cluster.Api.Defaulting;

internal static class WebhookDefaults
{
    private const int UsualTimeoutSeconds = 10;
    private const int HttpsPort = 443;

    public static void Apply(MutatingWebhookConfiguration configuration)
    {
        foreach (var webhook in configuration.Webhooks)
        {
            Apply(webhook);
            if (!webhook.HasReinvocationPolicy)
                webhook.ReinvocationPolicy = "Never";
        }
    }

    public static void Apply(ValidatingWebhookConfiguration configuration)
    {
        foreach (var webhook in configuration.Webhooks)
            Apply(webhook);
    }

    private static void Apply(IWebhook webhook)
    {
        if (!webhook.HasFailurePolicy)
            webhook.FailurePolicy = "Fail";
        if (!webhook.HasMatchPolicy)
            webhook.MatchPolicy = "Equivalent";
        webhook.NamespaceSelector ??= new MetaV1.LabelSelector();
        webhook.ObjectSelector ??= new MetaV1.LabelSelector();
        if (!webhook.HasTimeoutSeconds)
            webhook.TimeoutSeconds = UsualTimeoutSeconds;
        if (webhook.ClientConfig?.Service is { HasPort: false } service)
            service.Port = HttpsPort;
        foreach (var rule in webhook.Rules)
        {
            rule.Rule ??= new Rule();
            if (!rule.Rule.HasScope)
                rule.Rule.Scope = "*";
        }
    }
}
