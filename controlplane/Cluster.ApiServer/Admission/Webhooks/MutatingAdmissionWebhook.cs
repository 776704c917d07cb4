using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.AdmissionRegistrationV1;
using Cluster.Api.Conversion;
using Cluster.Api.Custom;
using Cluster.Api.Defaulting;
using Cluster.Api.Json;
using Cluster.Api.Patching;
using Cluster.ApiServer.WatchCache;
using Google.Protobuf;

namespace Cluster.ApiServer.Admission.Webhooks;

/// <summary>Asks webhooks to change objects, by the names of their configurations and in the order they stand there.</summary>
internal sealed class MutatingAdmissionWebhook(IObjectReader reader, WebhookDispatcher dispatcher) : IAdmissionPlugin
{
    private static readonly ResourceType Configurations = ResourceCatalog.For<MutatingWebhookConfiguration>();

    public string Name => "MutatingAdmissionWebhook";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var configurations = reader.Snapshot(Configurations);
        return configurations.Count == 0 || !WebhookDispatcher.Asks(request)
            ? ValueTask.CompletedTask : AskAllAsync(configurations, request, cancellationToken);
    }

    public ValueTask ConnectAsync(AdmissionRequest request, CancellationToken cancellationToken) => AdmitAsync(request, cancellationToken);

    private async ValueTask AskAllAsync(SortedSnapshot configurations, AdmissionRequest request, CancellationToken cancellationToken)
    {
        var rounds = request.Reinvocation;
        rounds.BeginWebhooks(request.Object);
        foreach (var configuration in configurations.Range("").Select(version => (MutatingWebhookConfiguration)version.Object))
        {
            foreach (var webhook in configuration.Webhooks)
            {
                var id = $"{configuration.Metadata.Name}/{webhook.Name}";
                if (!rounds.IsDue(id))
                    continue;
                var (wasAsked, changed) = await AskAsync(webhook, request, cancellationToken);
                if (wasAsked)
                    rounds.Note(id, changed, webhook.ReinvocationPolicy == "IfNeeded");
            }
        }

        rounds.EndWebhooks(request.Object);
    }

    private async ValueTask<(bool Asked, bool Changed)> AskAsync(MutatingWebhook webhook, AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (await dispatcher.VersionForAsync(webhook, request, cancellationToken) is not { } version)
            return (false, false);
        var answer = await dispatcher.AskAsync(webhook, request, version, cancellationToken);
        if (answer?.Patch is not { Length: > 0 } patch)
            return (true, false);
        if (request.Operation == AdmissionOperation.Connect)
            throw StatusErrors.InternalError($"admission webhook {GoText.Quote(webhook.Name)} attempted to modify a connection, which is not supported");
        return (true, request.Object is not null && await ApplyAsync(webhook, request, version, patch, cancellationToken));
    }

    private async ValueTask<bool> ApplyAsync(MutatingWebhook webhook, AdmissionRequest request, ResourceType version, byte[] patch, CancellationToken cancellationToken)
    {
        var scope = request.Scope;
        if (scope.Subresource == "scale")
            throw StatusErrors.InternalError($"admission webhook {GoText.Quote(webhook.Name)} attempted to modify a scale, which is not supported");
        try
        {
            var tree = (await dispatcher.TreeAsync(request.Object, version, scope, cancellationToken))!;
            version = AdmissionReview.ObjectType(version, scope);
            var stored = AdmissionReview.ObjectType(scope.Resource, scope);
            if (Patch.Apply(tree, PatchMediaTypes.Json, patch, version.Descriptor) is not JsonObject patched)
                throw StatusErrors.BadRequest("it makes no object of it");
            var changed = version.Custom is not null
                ? await dispatcher.ReadAsync(patched, version, scope, cancellationToken)
                : Conversions.ToStored((IApiObject)JsonCodec.FromNode(patched, version.Descriptor, FieldValidation.Ignore, null), stored.Descriptor);
            if (changed is CustomObject custom)
                CustomConversion.Default(custom, scope.Version ?? scope.Resource);
            else
                Defaults.Apply(changed);
            return Replace(request.Object!, changed);
        }
        catch (StatusException error)
        {
            throw StatusErrors.InternalError($"admission webhook {GoText.Quote(webhook.Name)}: its patch does not apply: {error.Message}", error);
        }
    }

    // The plug-ins after this one, and the registry, hold the object itself.
    private static bool Replace(IApiObject obj, IApiObject changed)
    {
        if (obj.Equals(changed))
            return false;
        var bytes = changed.ToByteString();
        foreach (var field in obj.Descriptor.Fields.InDeclarationOrder())
            field.Accessor.Clear(obj);
        obj.MergeFrom(bytes);
        return true;
    }
}
