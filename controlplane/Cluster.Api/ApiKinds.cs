using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api;

/// <summary>apiVersion and kind of every object message, served or not: what JSON and the protobuf envelope say of an object.</summary>
public static class ApiKinds
{
    private const string ApiPackages = "k8s.io.api.";
    private const string ExtensionPackages = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.";

    private static readonly FileDescriptor[] Files = ApiFeatures.ProxyResourcesAlone
        ? [CoreV1.CoreV1Reflection.Descriptor, MetaV1.MetaV1Reflection.Descriptor, DiscoveryV1.DiscoveryV1Reflection.Descriptor, DiscoveryV1Beta1.DiscoveryV1Beta1Reflection.Descriptor]
        :
    [
        CoreV1.CoreV1Reflection.Descriptor, MetaV1.MetaV1Reflection.Descriptor, AppsV1.AppsV1Reflection.Descriptor,
        AuthenticationV1.AuthenticationV1Reflection.Descriptor, AuthorizationV1.AuthorizationV1Reflection.Descriptor,
        AutoscalingV1.AutoscalingV1Reflection.Descriptor, AutoscalingV2.AutoscalingV2Reflection.Descriptor,
        BatchV1.BatchV1Reflection.Descriptor, BatchV1Beta1.BatchV1Beta1Reflection.Descriptor, CertificatesV1.CertificatesV1Reflection.Descriptor,
        CoordinationV1.CoordinationV1Reflection.Descriptor, DiscoveryV1.DiscoveryV1Reflection.Descriptor,
        DiscoveryV1Beta1.DiscoveryV1Beta1Reflection.Descriptor, PolicyV1Beta1.PolicyV1Beta1Reflection.Descriptor,
        EventsV1.EventsV1Reflection.Descriptor, NetworkingV1.NetworkingV1Reflection.Descriptor,
        NodeV1.NodeV1Reflection.Descriptor, PolicyV1.PolicyV1Reflection.Descriptor, RbacV1.RbacV1Reflection.Descriptor,
        SchedulingV1.SchedulingV1Reflection.Descriptor, StorageV1.StorageV1Reflection.Descriptor,
        ApiDiscoveryV2.ApidiscoveryV2Reflection.Descriptor, ApiExtensionsV1.ApiextensionsV1Reflection.Descriptor,
        AdmissionRegistrationV1.AdmissionregistrationV1Reflection.Descriptor,
    ];

    private static readonly Dictionary<MessageDescriptor, (string ApiVersion, string Kind)> ByMessage = Files
        .SelectMany(file => file.MessageTypes)
        .Where(Json.Fields.FieldFactory.IsObject)
        .ToDictionary(message => message, message => (ApiVersionOf(message), message.Name));

    private static readonly Dictionary<(string ApiVersion, string Kind), MessageDescriptor> ByKind =
        ByMessage.ToDictionary(entry => entry.Value, entry => entry.Key);

    /// <summary>apiVersion and kind of an object, or null for a message that is none.</summary>
    public static (string ApiVersion, string Kind)? Of(MessageDescriptor message) =>
        ByMessage.TryGetValue(message, out var kind) ? kind : null;

    /// <inheritdoc cref="Of(MessageDescriptor)"/>
    public static (string ApiVersion, string Kind)? Of(IMessage message) => Of(message.Descriptor);

    /// <summary>The message of an apiVersion and kind, or null. The types of meta/v1 are found under <c>v1</c>.</summary>
    public static MessageDescriptor? Find(string apiVersion, string kind) => ByKind.GetValueOrDefault((apiVersion, kind));

    private static string ApiVersionOf(MessageDescriptor message)
    {
        // k8s.io.api.GROUP.VERSION; the meta types are of every group, and by custom travel as those of the core.
        var package = message.File.Package;
        if (package.StartsWith(ExtensionPackages, StringComparison.Ordinal))
            return $"apiextensions.k8s.io/{package[ExtensionPackages.Length..]}";
        if (!package.StartsWith(ApiPackages, StringComparison.Ordinal))
            return message.Name.StartsWith("PartialObjectMetadata", StringComparison.Ordinal) ? "meta.k8s.io/v1" : "v1";
        var parts = package[ApiPackages.Length..].Split('.');
        return parts[0] switch
        {
            "core" => parts[1],
            "apps" or "autoscaling" or "batch" or "policy" => $"{parts[0]}/{parts[1]}",
            "rbac" => $"rbac.authorization.k8s.io/{parts[1]}",
            _ => $"{parts[0]}.k8s.io/{parts[1]}",
        };
    }
}
