using System.Globalization;
using System.Text;

namespace Cluster.LoadTests.Api;

/// <summary>Pods of about 2 kB of JSON as they are answered, with defaults and managedFields.</summary>
internal static class Pods
{
    private const string Spec =
        "{\"containers\":[{\"name\":\"server\",\"image\":\"registry.example.com/team/server:1.24.3\",\"ports\":[{\"name\":\"http\",\"containerPort\":8080}],"
        + "\"env\":[{\"name\":\"REGION\",\"value\":\"eu-central-1\"}],\"resources\":{\"requests\":{\"cpu\":\"100m\",\"memory\":\"128Mi\"}}}],\"automountServiceAccountToken\":false}";

    public static string Name(string prefix, long number) => string.Create(CultureInfo.InvariantCulture, $"{prefix}-{number:x8}");

    public static string Node(long number) => Name("node", number);

    /// <summary>The JSON of a pod.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="tick">An annotation that changes from one state of it to the next.</param>
    /// <param name="node">Where it is bound to; null: nowhere yet.</param>
    public static byte[] Json(string name, long tick = 0, string? node = null) => Encoding.UTF8.GetBytes(
        "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" + name
        + "\",\"labels\":{\"app\":\"server\",\"pod-template-hash\":\"6d4cf56db6\"},\"annotations\":{\"example.com/tick\":\""
        + tick.ToString(CultureInfo.InvariantCulture) + "\"}},\"spec\":" + (node is null ? Spec : "{\"nodeName\":\"" + node + "\"," + Spec[1..]) + "}");
}
