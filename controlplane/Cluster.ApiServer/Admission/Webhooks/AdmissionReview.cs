using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Conversion;
using Cluster.Api.CoreV1;
using Cluster.Api.Custom;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Registry;

namespace Cluster.ApiServer.Admission.Webhooks;

/// <summary>The question to a webhook and its answer, as JSON: admission.k8s.io/v1 or v1beta1, which differ by their names alone.</summary>
internal static class AdmissionReview
{
    /// <summary>The question.</summary>
    /// <param name="request">The request.</param>
    /// <param name="version">The version of its objects that the webhook knows.</param>
    /// <param name="obj">The object, as of <see cref="WebhookDispatcher.TreeAsync"/>.</param>
    /// <param name="old">The object as it was, likewise.</param>
    /// <param name="uid">Tells this question from others.</param>
    /// <param name="reviewVersion">v1 or v1beta1.</param>
    public static byte[] Ask(AdmissionRequest request, ResourceType version, JsonObject? obj, JsonObject? old, string uid, string reviewVersion)
    {
        var scope = request.Scope;
        var asked = scope.Version ?? scope.Resource;
        var question = new JsonObject
        {
            ["uid"] = uid,
            ["kind"] = Kind(version, request),
            ["resource"] = Resource(version),
            ["requestKind"] = Kind(asked, request),
            ["requestResource"] = Resource(asked),
            ["operation"] = request.Operation.ToString().ToUpperInvariant(),
            ["userInfo"] = JsonCodec.ToNode(scope.User.ToUserInfo()),
            ["object"] = request.ConnectOptions?.DeepClone() ?? obj,
            ["oldObject"] = old,
            ["dryRun"] = scope.DryRun,
            ["options"] = Options(request),
        };
        Add(question, "subResource", scope.Subresource);
        Add(question, "requestSubResource", scope.Subresource);
        Add(question, "name", scope.Name ?? request.Object?.Metadata?.Name);
        Add(question, "namespace", scope.Resource.GroupResource == "namespaces" ? scope.Name ?? request.Object?.Metadata?.Name : scope.Namespace);
        var review = new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = $"admission.k8s.io/{reviewVersion}", ["request"] = question };
        return Encoding.UTF8.GetBytes(review.ToJsonString());
    }

    /// <summary>The answer.</summary>
    /// <exception cref="FormatException">It is none, or to another question.</exception>
    public static WebhookAnswer Read(ReadOnlySpan<byte> utf8, string uid)
    {
        try
        {
            if (JsonTrees.Parse(utf8) is not JsonObject review || review["response"] is not JsonObject response)
                throw new FormatException("webhook response is absent");
            if (response["uid"]?.ToString() is { Length: > 0 } given && given != uid)
                throw new FormatException($"expected response.uid={GoText.Quote(uid)}, got {GoText.Quote(given)}");
            var patch = response["patch"]?.GetValue<string>();
            if (patch is not null && response["patchType"]?.ToString() is { } type and not "JSONPatch")
                throw new FormatException($"webhook returned response.patchType={GoText.Quote(type)}, but JSONPatch is the only one known");
            return new WebhookAnswer(
                response["allowed"]?.GetValue<bool>() ?? false,
                patch is null ? null : Convert.FromBase64String(patch),
                response["status"] is JsonObject status ? (Status)JsonCodec.FromNode(status, Status.Descriptor, FieldValidation.Ignore, null) : null,
                [.. (response["warnings"] as JsonArray ?? []).Select(warning => warning?.ToString() ?? "")])
            {
                AuditAnnotations = (response["auditAnnotations"] as JsonObject ?? []).ToDictionary(one => one.Key, one => one.Value?.GetValue<string>() ?? "", StringComparer.Ordinal),
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or StatusException)
        {
            throw new FormatException($"couldn't read the webhook's response: {error.Message}", error);
        }
    }

    /// <summary>The object as the webhook sees it, whose answer's patch is of this tree; of a kind that no webhook converts.</summary>
    public static JsonObject? Tree(IApiObject? obj, ResourceType version, RequestScope scope)
    {
        if (obj is null)
            return null;
        if (scope.Subresource == "scale")
            return (JsonObject)JsonCodec.ToNode(FieldTracking.ScaleOf(scope, obj));
        version = ObjectType(version, scope);
        // Between versions only the name changes: what the webhook's version does not know must come back with its patch.
        return obj is CustomObject custom
            ? CustomJson.ToTree(CustomConversion.To(custom, scope.Version ?? scope.Resource), version.ApiVersion, version.Kind)
            : (JsonObject)JsonCodec.ToNode(Conversions.FromStored(obj, version.Descriptor));
    }

    /// <summary>What is written: the resource's own kind, or a Binding where a pod is bound.</summary>
    public static ResourceType ObjectType(ResourceType version, RequestScope scope) => scope.Subresource == "binding" ? ResourceCatalog.For<Binding>() : version;

    private static JsonObject Kind(ResourceType version, AdmissionRequest request) => request.Scope.Subresource == "scale"
        ? new() { ["group"] = "autoscaling", ["version"] = "v1", ["kind"] = "Scale" }
        : new() { ["group"] = version.Group, ["version"] = version.Version, ["kind"] = request.ConnectOptions?["kind"]!.ToString() ?? ObjectType(version, request.Scope).Kind };

    private static JsonObject Resource(ResourceType version) =>
        new() { ["group"] = version.Group, ["version"] = version.Version, ["resource"] = version.Plural };

    private static JsonObject? Options(AdmissionRequest request)
    {
        if (request.Operation == AdmissionOperation.Connect)
            return null;
        var options = request.DeleteOptions is { } delete ? (JsonObject)JsonCodec.ToNode(delete) : [];
        (options["kind"], options["apiVersion"]) = ($"{request.Operation}Options", "meta.k8s.io/v1");
        if (request.Scope.DryRun)
            options["dryRun"] = new JsonArray("All");
        if (request.Operation != AdmissionOperation.Delete && request.Scope.FieldManager.Length > 0)
            options["fieldManager"] = request.Scope.FieldManager;
        return options;
    }

    private static void Add(JsonObject question, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            question[name] = value;
    }
}
