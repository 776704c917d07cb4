using Cluster.Api;

namespace Cluster.Api.AdmissionRegistrationV1;

public sealed partial class MutatingWebhookConfiguration : IApiObject;

public sealed partial class ValidatingWebhookConfiguration : IApiObject;

public sealed partial class MutatingWebhookConfigurationList : IApiList<MutatingWebhookConfiguration>;

public sealed partial class ValidatingWebhookConfigurationList : IApiList<ValidatingWebhookConfiguration>;

/// <summary>What both kinds of webhooks have in common.</summary>
public interface IWebhook
{
    string Name { get; }

    WebhookClientConfig ClientConfig { get; set; }

    Google.Protobuf.Collections.RepeatedField<RuleWithOperations> Rules { get; }

    string FailurePolicy { get; set; }

    bool HasFailurePolicy { get; }

    string MatchPolicy { get; set; }

    bool HasMatchPolicy { get; }

    MetaV1.LabelSelector NamespaceSelector { get; set; }

    MetaV1.LabelSelector ObjectSelector { get; set; }

    string SideEffects { get; }

    bool HasSideEffects { get; }

    int TimeoutSeconds { get; set; }

    bool HasTimeoutSeconds { get; }

    Google.Protobuf.Collections.RepeatedField<string> AdmissionReviewVersions { get; }

    Google.Protobuf.Collections.RepeatedField<MatchCondition> MatchConditions { get; }
}

public sealed partial class MutatingWebhook : IWebhook;

public sealed partial class ValidatingWebhook : IWebhook;
