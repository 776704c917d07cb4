using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.AdmissionRegistrationV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Custom;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.CustomResources.Conversion;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;
using Microsoft.Extensions.Logging;
using Selector = Cluster.Api.Selectors.LabelSelector;

namespace Cluster.ApiServer.Admission.Webhooks;

/// <summary>Which webhooks a request is for, and what one of them says to it.</summary>
internal sealed class WebhookDispatcher(IObjectReader reader, WebhookClients clients, ILogger logger)
{
    private readonly ObjectConversions _conversions = new(clients);

    // An answer is a patch and some text.
    private const int MaxAnswerBytes = 3 * 1024 * 1024;

    private static readonly ResourceType Namespaces = ResourceCatalog.For<Namespace>();

    /// <summary>Webhooks are asked about such a request at all.</summary>
    /// <remarks>
    /// Not about their own configurations: a broken one could not be taken away. Nor about the server's own writes: a webhook that is down would
    /// keep it from starting.
    /// </remarks>
    public static bool Asks(AdmissionRequest request) =>
        request.Scope.Resource.Group != "admissionregistration.k8s.io" && !ReferenceEquals(request.Scope.User, UserIdentity.ApiServer);

    /// <summary>The version in which the webhook is to see the object; null: the request is not for it.</summary>
    public async ValueTask<ResourceType?> VersionForAsync(IWebhook webhook, AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (WebhookTarget.VersionFor(webhook, request) is not { } version || !ObjectMatches(webhook, request))
            return null;
        return await NamespaceMatchesAsync(webhook, request, cancellationToken) ? version : null;
    }

    /// <summary>Asks. Null: it could not be asked, and that is no matter.</summary>
    /// <exception cref="StatusException">It refuses, or it could not be asked and must be.</exception>
    public async ValueTask<WebhookAnswer?> AskAsync(IWebhook webhook, AdmissionRequest request, ResourceType version, CancellationToken cancellationToken)
    {
        var uid = Guid.NewGuid().ToString();
        WebhookAnswer answer;
        try
        {
            var reviewVersion = webhook.AdmissionReviewVersions.First(one => one is "v1" or "v1beta1");
            var obj = await TreeAsync(request.Object, version, request.Scope, cancellationToken);
            var old = await TreeAsync(request.OldObject, version, request.Scope, cancellationToken);
            var review = AdmissionReview.Ask(request, version, obj, old, uid, reviewVersion);
            answer = AdmissionReview.Read(
                await clients.PostAsync(webhook.ClientConfig, review, TimeSpan.FromSeconds(webhook.TimeoutSeconds), MaxAnswerBytes, cancellationToken), uid);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or FormatException or System.Security.Cryptography.CryptographicException)
        {
            logger.LogWarning("The webhook {Webhook} could not be asked: {Message}", webhook.Name, error.Message);
            if (webhook.FailurePolicy == "Ignore")
                return null;
            throw StatusErrors.InternalError($"failed calling webhook {GoText.Quote(webhook.Name)}: failed to call webhook: {error.Message}", error);
        }

        request.Scope.Warnings.AddRange(answer.Warnings);
        foreach (var (key, value) in answer.AuditAnnotations)
            request.Annotate($"{webhook.Name}/{key}", value);
        return answer.Allowed ? answer : throw Denied(webhook.Name, answer.Status);
    }

    /// <summary>The object as the webhook sees it, whose answer's patch is of this tree.</summary>
    /// <param name="obj">In the version that was asked for; null stays null.</param>
    /// <param name="version">The version the webhook knows.</param>
    /// <param name="scope">Of the request.</param>
    /// <param name="cancellationToken">Ends the question to a conversion webhook.</param>
    public async ValueTask<JsonObject?> TreeAsync(IApiObject? obj, ResourceType version, RequestScope scope, CancellationToken cancellationToken)
    {
        if (obj is null || !IsConverted(version, scope))
            return AdmissionReview.Tree(obj, version, scope);
        var converted = await _conversions.ConvertAsync(obj, scope.Version ?? scope.Resource, version, cancellationToken);
        return CustomJson.ToTree((CustomObject)converted, version.ApiVersion, version.Kind);
    }

    /// <summary>What a webhook has made of that tree, in the version that was asked for.</summary>
    public async ValueTask<CustomObject> ReadAsync(JsonObject tree, ResourceType version, RequestScope scope, CancellationToken cancellationToken)
    {
        var asked = scope.Version ?? scope.Resource;
        if (IsConverted(version, scope))
            return (CustomObject)await _conversions.ConvertAsync(CustomDecoder.Decode(tree, version, FieldValidation.Ignore, null), version, asked, cancellationToken);
        if (tree["apiVersion"]?.ToString() == version.ApiVersion)
            tree["apiVersion"] = asked.ApiVersion;
        return CustomDecoder.Decode(tree, asked, FieldValidation.Ignore, null);
    }

    // A webhook of the definition converts it to what this one knows.
    private static bool IsConverted(ResourceType version, RequestScope scope) =>
        version.Custom?.Webhook is not null && scope.Subresource != "scale" && version.ApiVersion != (scope.Version ?? scope.Resource).ApiVersion;

    private static bool ObjectMatches(IWebhook webhook, AdmissionRequest request)
    {
        var selector = Selector.From(webhook.ObjectSelector ?? new LabelSelector());
        return selector.IsEmpty || (request.Object is { } obj && selector.Matches(obj)) || (request.OldObject is { } old && selector.Matches(old));
    }

    private async ValueTask<bool> NamespaceMatchesAsync(IWebhook webhook, AdmissionRequest request, CancellationToken cancellationToken)
    {
        var selector = Selector.From(webhook.NamespaceSelector ?? new LabelSelector());
        if (selector.IsEmpty)
            return true;
        if (request.Scope.Resource == Namespaces)
            return (request.Object ?? request.OldObject) is { } ns && selector.Matches(ns);
        if (request.Scope.Namespace is not { } name)
            return true;
        var found = reader.Find(Namespaces, null, name) ?? await reader.FindFreshAsync(Namespaces, null, name, cancellationToken);
        return found is not null && selector.Matches(found);
    }

    // In Kubernetes' words, whatever the webhook has left out.
    private static StatusException Denied(string webhook, Status? given)
    {
        var status = given?.Clone() ?? new Status();
        if (status.Code < 400)
            status.Code = 400;
        status.Status_ = "Failure";
        var by = $"admission webhook {GoText.Quote(webhook)} denied the request";
        status.Message = status.Message.Length > 0 ? $"{by}: {status.Message}"
            : status.Reason.Length > 0 ? $"{by}: {status.Reason}" : $"{by} without explanation";
        return new StatusException(status);
    }
}
