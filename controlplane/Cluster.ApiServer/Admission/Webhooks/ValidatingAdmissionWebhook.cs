using Cluster.Api;
using Cluster.Api.AdmissionRegistrationV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission.Webhooks;

/// <summary>Asks webhooks, all at once, whether a request may pass.</summary>
internal sealed class ValidatingAdmissionWebhook(IObjectReader reader, WebhookDispatcher dispatcher) : IAdmissionPlugin
{
    private static readonly ResourceType Configurations = ResourceCatalog.For<ValidatingWebhookConfiguration>();

    public string Name => "ValidatingAdmissionWebhook";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var configurations = reader.Snapshot(Configurations);
        return configurations.Count == 0 || !WebhookDispatcher.Asks(request)
            ? ValueTask.CompletedTask : AskAllAsync(configurations, request, cancellationToken);
    }

    public ValueTask ConnectAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValidateAsync(request, cancellationToken);

    private async ValueTask AskAllAsync(SortedSnapshot configurations, AdmissionRequest request, CancellationToken cancellationToken)
    {
        List<(ValidatingWebhook Webhook, ResourceType Version)> asked = [];
        foreach (var webhook in configurations.Range("").SelectMany(version => ((ValidatingWebhookConfiguration)version.Object).Webhooks))
        {
            if (await dispatcher.VersionForAsync(webhook, request, cancellationToken) is { } version)
                asked.Add((webhook, version));
        }

        if (asked.Count == 1)
        {
            await dispatcher.AskAsync(asked[0].Webhook, request, asked[0].Version, cancellationToken);
            return;
        }

        // Each with warnings of its own: the request's are one writer's at a time.
        var requests = asked.ConvertAll(one => request with { Scope = request.Scope with { Warnings = [] } });
        try
        {
            await Task.WhenAll(asked.Select((one, index) => dispatcher.AskAsync(one.Webhook, requests[index], one.Version, cancellationToken).AsTask()));
        }
        finally
        {
            request.Scope.Warnings.AddRange(requests.SelectMany(one => one.Scope.Warnings));
        }
    }
}
