using System.Globalization;
using System.Text.Json;
using Cluster.Api.AppsV1;
using Cluster.Api.BatchV1;
using Cluster.Api.CertificatesV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Custom.Paths;
using Cluster.Api.Custom;

namespace Cluster.Api.Selectors;

/// <summary>The fields of a kind that a field selector may name, and how each is read.</summary>
public sealed class SelectableFields
{
    private static readonly Field Name = new("metadata.name", obj => obj.Metadata?.Name ?? "");
    private static readonly Field Namespace = new("metadata.namespace", obj => obj.Metadata?.Namespace ?? "");

    /// <summary>Kinds without fields of their own.</summary>
    private static readonly SelectableFields Common = new([Name, Namespace], isCommon: true);

    private static readonly Dictionary<(string Group, string Kind), SelectableFields> ByKind = new()
    {
        [("", "Pod")] = OfPod(),
        [("", "Node")] = new([Name, On<Node>("spec.unschedulable", node => Bool(node.Spec?.Unschedulable ?? false))]),
        [("", "Namespace")] = new([Name, On<Namespace>("status.phase", ns => ns.Status?.Phase)]),
        [("", "Secret")] = new([Name, Namespace, On<Secret>("type", secret => secret.Type)]),
        [("", "Event")] = OfEvent(),
        [("events.k8s.io", "Event")] = new(
        [
            Name, Namespace,
            On<Event>("regarding.kind", e => e.InvolvedObject?.Kind),
            On<Event>("regarding.namespace", e => e.InvolvedObject?.Namespace),
            On<Event>("regarding.name", e => e.InvolvedObject?.Name),
            On<Event>("regarding.uid", e => e.InvolvedObject?.Uid),
            On<Event>("regarding.apiVersion", e => e.InvolvedObject?.ApiVersion),
            On<Event>("regarding.resourceVersion", e => e.InvolvedObject?.ResourceVersion),
            On<Event>("regarding.fieldPath", e => e.InvolvedObject?.FieldPath),
            On<Event>("reason", e => e.Reason),
            On<Event>("reportingController", e => e.ReportingComponent),
            On<Event>("type", e => e.Type),
        ]),
        [("batch", "Job")] = new(
        [
            Name, Namespace, On<Job>("status.successful", job => (job.Status?.Succeeded ?? 0).ToString(CultureInfo.InvariantCulture)),
        ]),
        [("apps", "ReplicaSet")] = new(
        [
            Name, Namespace,
            On<ReplicaSet>("status.replicas", set => (set.Status?.Replicas ?? 0).ToString(CultureInfo.InvariantCulture)),
        ]),
        [("certificates.k8s.io", "CertificateSigningRequest")] = new(
            [Name, On<CertificateSigningRequest>("spec.signerName", request => request.Spec?.SignerName)]),
        [("", "Service")] = new(
        [
            Name, Namespace,
            On<Service>("spec.clusterIP", service => service.Spec?.ClusterIP),
            On<Service>("spec.type", service => service.Spec?.Type),
        ]),
        [("", "ReplicationController")] = new(
        [
            Name, Namespace,
            On<ReplicationController>("status.replicas", rc => (rc.Status?.Replicas ?? 0).ToString(CultureInfo.InvariantCulture)),
        ]),
    };

    private readonly Dictionary<string, Field> fields;
    private readonly bool isCommon;

    private SelectableFields(IEnumerable<Field> fields, bool isCommon = false)
    {
        this.fields = fields.ToDictionary(field => field.Path, StringComparer.Ordinal);
        this.isCommon = isCommon;
    }

    /// <summary>One field: its path and its value as text (a boolean is true or false, unset is empty).</summary>
    public sealed record Field(string Path, Func<IApiObject, string> Read);

    public IEnumerable<string> Paths => fields.Keys;

    /// <summary>Of a version that is not stored: its own names, read from the stored object.</summary>
    public static SelectableFields Of(ResourceType type) => type.Custom?.Selectable ?? ByKind.GetValueOrDefault((type.Group, type.Kind), Common);

    /// <summary>Of an added kind: name, namespace, and what its definition names.</summary>
    internal static SelectableFields OfCustom(IReadOnlyList<JsonPath> paths) =>
        paths.Count == 0 ? Common : new([Name, Namespace, .. paths.Select(path => new Field(path.Text.TrimStart('.'), obj => Text((CustomObject)obj, path)))]);

    private static string Text(CustomObject obj, JsonPath path) =>
        path.Find(CustomJson.Content(obj)) is [{ } value, ..]
            ? value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString() : "";

    /// <exception cref="StatusException">400 BadRequest: the kind does not offer the field.</exception>
    public Field Resolve(string path)
    {
        // An old name, of pods: an added kind may have a field of that name itself.
        if (fields.TryGetValue(path, out var field) || (path == "spec.host" && fields.TryGetValue("spec.nodeName", out field)))
        {
            return field;
        }
        throw StatusErrors.BadRequest(isCommon
            ? $"{GoText.Quote(path)} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
            : $"field label not supported: {path}");
    }

    private static SelectableFields OfPod() => new(
    [
        Name, Namespace,
        On<Pod>("spec.nodeName", pod => pod.Spec?.NodeName),
        On<Pod>("spec.restartPolicy", pod => pod.Spec?.RestartPolicy),
        On<Pod>("spec.schedulerName", pod => pod.Spec?.SchedulerName),
        On<Pod>("spec.serviceAccountName", pod => pod.Spec?.ServiceAccountName),
        On<Pod>("spec.hostNetwork", pod => Bool(pod.Spec?.HostNetwork ?? false)),
        On<Pod>("status.phase", pod => pod.Status?.Phase),
        On<Pod>("status.podIP", pod => pod.Status?.PodIP),
        On<Pod>("status.podIPs", pod => string.Join(',', pod.Status?.PodIPs.Select(ip => ip.Ip) ?? [])),
        On<Pod>("status.nominatedNodeName", pod => pod.Status?.NominatedNodeName),
    ]);

    private static SelectableFields OfEvent() => new(
    [
        Name, Namespace,
        On<Event>("involvedObject.kind", e => e.InvolvedObject?.Kind),
        On<Event>("involvedObject.namespace", e => e.InvolvedObject?.Namespace),
        On<Event>("involvedObject.name", e => e.InvolvedObject?.Name),
        On<Event>("involvedObject.uid", e => e.InvolvedObject?.Uid),
        On<Event>("involvedObject.apiVersion", e => e.InvolvedObject?.ApiVersion),
        On<Event>("involvedObject.resourceVersion", e => e.InvolvedObject?.ResourceVersion),
        On<Event>("involvedObject.fieldPath", e => e.InvolvedObject?.FieldPath),
        On<Event>("reason", e => e.Reason),
        On<Event>("reportingComponent", e => e.ReportingComponent),
        On<Event>("source", e => string.IsNullOrEmpty(e.Source?.Component) ? e.ReportingComponent : e.Source.Component),
        On<Event>("type", e => e.Type),
    ]);

    private static Field On<T>(string path, Func<T, string?> read)
        where T : IApiObject => new(path, obj => read((T)obj) ?? "");

    private static string Bool(bool value) => value ? "true" : "false";
}
