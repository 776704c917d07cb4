using System.Text.Json.Nodes;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;

namespace Cluster.ApiServer.Tests.Admission.PodSecurity;

/// <summary>Pods as users write them.</summary>
internal static class PodJson
{
    /// <summary>A pod that no standard has anything against.</summary>
    public const string Restricted = """
        {"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
         "containers": [{"name": "a", "image": "web", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}
        """;

    public static Pod Pod(string spec, string ns = "shop", string name = "web", string annotations = "{}") => new()
    {
        Metadata = (ObjectMeta)Read($$"""{"name": "{{name}}", "namespace": "{{ns}}", "annotations": {{annotations}}}""", ObjectMeta.Descriptor),
        Spec = Spec(spec),
    };

    public static PodSpec Spec(string json) => (PodSpec)Read(json, PodSpec.Descriptor);

    /// <summary>Of the pod that no standard has anything against, with other values of what its container or itself has.</summary>
    public static string With(string container = "{}", string pod = "{}", string security = "{}", string podSecurity = "{}")
    {
        var spec = JsonNode.Parse(Restricted)!.AsObject();
        var first = spec["containers"]![0]!.AsObject();
        Merge(first["securityContext"]!.AsObject(), security);
        Merge(first, container);
        Merge(spec["securityContext"]!.AsObject(), podSecurity);
        Merge(spec, pod);
        return spec.ToJsonString();
    }

    private static void Merge(JsonObject into, string json)
    {
        foreach (var (key, value) in JsonNode.Parse(json)!.AsObject())
        {
            if (value is null)
                into.Remove(key);
            else
                into[key] = value.DeepClone();
        }
    }

    private static object Read(string json, Google.Protobuf.Reflection.MessageDescriptor descriptor) =>
        JsonCodec.FromNode(JsonNode.Parse(json)!.AsObject(), descriptor, FieldValidation.Strict, []);
}
