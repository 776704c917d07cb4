using System.Text;
using System.Text.Json;
using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Containers.Docker;
using Cluster.Kubelet.Sources;

namespace Cluster.Kubelet.Images;

/// <summary>Finds the registry credentials for an image among a pod's imagePullSecrets.</summary>
internal static class PullSecrets
{
    private const string ConfigJson = ".dockerconfigjson";
    private const string LegacyConfig = ".dockercfg";

    /// <summary>Candidates, the most specific first; the last is always null, an anonymous pull.</summary>
    public static async Task<IReadOnlyList<RegistryCredential?>> FindAsync(
        Pod pod, string image, ReferencedObjects objects, CancellationToken cancellationToken)
    {
        var found = new List<RegistryCredential>();
        foreach (var reference in pod.Spec.ImagePullSecrets)
        {
            // A missing secret is no failure: the image may be public or already here.
            var secret = await objects.FindSecretAsync(pod.Metadata.Namespace, reference.Name, cancellationToken);
            if (secret is not null) found.AddRange(Parse(secret));
        }

        var fitting = found.Where(credential => Matches(credential.Server, image)).OrderByDescending(
            credential => credential.Server.Length);
        return [.. fitting, null];
    }

    internal static IEnumerable<RegistryCredential> Parse(Secret secret)
    {
        try
        {
            if (secret.Data.TryGetValue(ConfigJson, out var config))
            {
                using var document = JsonDocument.Parse(config.Memory);
                return document.RootElement.TryGetProperty("auths", out var auths) ? Entries(auths).ToList() : [];
            }

            if (!secret.Data.TryGetValue(LegacyConfig, out var legacy)) return [];
            using var old = JsonDocument.Parse(legacy.Memory);
            return Entries(old.RootElement).ToList();
        }
        catch (JsonException)
        {
            // A broken secret gives no credentials, as upstream; its content must not reach a message.
            return [];
        }
    }

    /// <summary>The entry is for the image's registry, or for a path in it.</summary>
    internal static bool Matches(string entry, string image)
    {
        var path = entry.Contains("://", StringComparison.Ordinal) ? entry[(entry.IndexOf("://", StringComparison.Ordinal) + 3)..] : entry;
        path = path.TrimEnd('/');
        if (path.StartsWith("index.docker.io", StringComparison.Ordinal)) path = "docker.io";
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var host = slash < 0 ? path : path[..slash];
        var registry = ImageReference.Registry(image);
        if (!HostMatches(host, registry)) return false;
        var rest = slash < 0 || path.EndsWith("/v1", StringComparison.Ordinal) || path.EndsWith("/v2", StringComparison.Ordinal)
            ? ""
            : path[slash..];
        return rest.Length == 0 || image.StartsWith(registry + rest, StringComparison.Ordinal);
    }

    // Each part of the entry may be a glob: *.example.com.
    private static bool HostMatches(string pattern, string host)
    {
        var wanted = pattern.Split('.');
        var given = host.Split('.');
        return wanted.Length == given.Length
            && wanted.Zip(given).All(
                pair => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pair.First, pair.Second, ignoreCase: true));
    }

    private static IEnumerable<RegistryCredential> Entries(JsonElement auths)
    {
        if (auths.ValueKind != JsonValueKind.Object) yield break;
        foreach (var entry in auths.EnumerateObject())
        {
            var user = Text(entry.Value, "username");
            var password = Text(entry.Value, "password");
            if (Text(entry.Value, "auth") is { Length: > 0 } both && TryDecode(both, out var text)
                && text.Split(':', 2) is [var first, var second])
            {
                (user, password) = (first, second);
            }

            yield return new RegistryCredential(entry.Name, user, password) { IdentityToken = Text(entry.Value, "identitytoken") };
        }
    }

    private static string Text(JsonElement entry, string name) =>
        entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";

    private static bool TryDecode(string base64, out string text)
    {
        var bytes = new byte[base64.Length];
        var valid = Convert.TryFromBase64String(base64, bytes, out var length);
        text = valid ? Encoding.UTF8.GetString(bytes, 0, length) : "";
        return valid;
    }
}
