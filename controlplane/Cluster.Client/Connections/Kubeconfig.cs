using System.Security.Cryptography.X509Certificates;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cluster.Client;

/// <summary>A kubeconfig file: clusters, users, and contexts that pair them.</summary>
/// <remarks>Files it names are relative to its own folder. Exec and auth-provider plug-ins are refused by name, not ignored.</remarks>
public sealed class Kubeconfig
{
    private const int MostNesting = 100;

    private readonly YamlMappingNode _root;
    private readonly string _folder;
    private readonly string _path;

    private Kubeconfig(YamlMappingNode root, string path)
    {
        _root = root;
        _path = path;
        _folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
    }

    public string CurrentContext => Text(_root, "current-context") ?? "";

    /// <exception cref="InvalidDataException">The file is no kubeconfig.</exception>
    public static Kubeconfig Load(string path) => Parse(File.ReadAllText(path), path);

    /// <param name="text">YAML or JSON.</param>
    /// <param name="path">Where the text came from: names in it are relative to that folder.</param>
    /// <exception cref="InvalidDataException">The text is no kubeconfig.</exception>
    public static Kubeconfig Parse(string text, string path)
    {
        var yaml = new YamlStream();
        try
        {
            CheckDepth(text);
            yaml.Load(new StringReader(text));
        }
        catch (Exception e) when (e is YamlException or ArgumentException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }

        return yaml.Documents is [{ RootNode: YamlMappingNode root }, ..]
            ? new(root, path)
            : throw new InvalidDataException($"{path}: not a kubeconfig");
    }

    // The library reads nodes by recursion, and a stack that overflows ends the program.
    private static void CheckDepth(string text)
    {
        var parser = new Parser(new StringReader(text));
        for (var depth = 0; parser.MoveNext();)
        {
            depth += parser.Current!.NestingIncrease;
            if (depth > MostNesting)
                throw new YamlException(parser.Current.Start, parser.Current.End, "nested too deeply");
        }
    }

    /// <summary>The connection of a context; null: the current one.</summary>
    /// <exception cref="InvalidDataException">The context, its cluster or its user is missing or says what we cannot do.</exception>
    public ClusterConnection Connect(string? contextName = null)
    {
        var context = Named("contexts", "context", contextName ?? CurrentContext);
        var cluster = Named("clusters", "cluster", Text(context, "cluster") ?? "");
        var user = Text(context, "user") is { Length: > 0 } name ? Named("users", "user", name) : new();
        RefusePlugins(user);
        var server = Text(cluster, "server") ?? throw Bad("the cluster has no server");
        return new()
        {
            Server = Uri.TryCreate(server, UriKind.Absolute, out var uri) ? uri : throw Bad($"the server {server} is no URL"),
            Authorities = Authorities(cluster),
            InsecureSkipTlsVerify = Text(cluster, "insecure-skip-tls-verify") == "true",
            TlsServerName = Text(cluster, "tls-server-name"),
            ClientCertificate = ClientCertificate(user),
            Token = Token(user),
            Namespace = Text(context, "namespace") is { Length: > 0 } ns ? ns : "default",
        };
    }

    private X509Certificate2Collection? Authorities(YamlMappingNode cluster)
    {
        if (Pem(cluster, "certificate-authority") is not { } pem)
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(pem);
        return authorities.Count > 0 ? authorities : throw Bad("certificate-authority holds no certificate");
    }

    private X509Certificate2? ClientCertificate(YamlMappingNode user)
    {
        var certificate = Pem(user, "client-certificate");
        var key = Pem(user, "client-key");
        return (certificate, key) switch
        {
            (null, null) => null,
            ({ }, { }) => X509Certificate2.CreateFromPem(certificate, key),
            _ => throw Bad("client-certificate and client-key belong together"),
        };
    }

    private IBearerToken? Token(YamlMappingNode user)
    {
        // As client-go has it: a token file, which can be renewed, counts more than a token.
        if (Text(user, "tokenFile") is { Length: > 0 } file)
        {
            return new TokenFile(Path.Combine(_folder, file), TimeProvider.System);
        }

        return Text(user, "token") is { Length: > 0 } token ? new FixedToken(token) : null;
    }

    private void RefusePlugins(YamlMappingNode user)
    {
        foreach (var key in (string[])["exec", "auth-provider", "username"])
        {
            if (user.Children.ContainsKey(new YamlScalarNode(key)))
            {
                throw Bad($"users with {key} are not supported");
            }
        }
    }

    /// <summary>PEM text from <c>key-data</c> (base64) or the file that <c>key</c> names.</summary>
    private string? Pem(YamlMappingNode node, string key)
    {
        if (Text(node, key + "-data") is { Length: > 0 } data)
        {
            var bytes = new byte[data.Length];
            return Convert.TryFromBase64String(data, bytes, out var length)
                ? Encoding.ASCII.GetString(bytes, 0, length)
                : throw Bad($"{key}-data is not base64");
        }

        return Text(node, key) is { Length: > 0 } file ? File.ReadAllText(Path.Combine(_folder, file)) : null;
    }

    private YamlMappingNode Named(string list, string part, string name)
    {
        if (Child(_root, list) is YamlSequenceNode items)
        {
            foreach (var item in items.OfType<YamlMappingNode>())
            {
                if (Text(item, "name") == name && Child(item, part) is YamlMappingNode found)
                {
                    return found;
                }
            }
        }

        throw Bad($"there is no {part} \"{name}\"");
    }

    private InvalidDataException Bad(string why) => new($"{_path}: {why}");

    private static YamlNode? Child(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;

    private static string? Text(YamlMappingNode node, string key) => (Child(node, key) as YamlScalarNode)?.Value;
}
