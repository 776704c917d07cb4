using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cluster.ApiServer.Pki;

/// <summary>
/// The cluster's keys and certificates on disk, under <c>DATA/pki</c>: the authority, one leaf for each component, the key pair of
/// service account tokens, and a kubeconfig for each client.
/// </summary>
/// <remarks>
/// ECDSA P-256 throughout; the authority lives 10 years, a leaf one. Keys and kubeconfig files have mode 0600. Every file is written
/// whole, so a crash at any moment is mended by the next <see cref="EnsureAsync"/>.
/// </remarks>
public sealed class ClusterPki
{
    /// <summary>How many old keys of service account tokens are kept for checking.</summary>
    private const int PreviousKeys = 2;

    private const string Masters = "system:masters";
    private readonly PkiOptions _options;

    private ClusterPki(PkiOptions options) => _options = options;

    public string Directory => Path.Combine(_options.DataDirectory, "pki");

    /// <summary>Where clients reach the API server.</summary>
    public Uri ServerUrl => _options.ServerUrl;

    public string AuthorityCertificate => In("ca.crt");

    public string ServerCertificate => In("apiserver.crt");

    public string ServerKey => In("apiserver.key");

    /// <summary>What the API server shows to kubelets.</summary>
    public string KubeletClientCertificate => In("apiserver-kubelet-client.crt");

    public string KubeletClientKey => In("apiserver-kubelet-client.key");

    /// <summary>What this node's kubelet shows to the API server that calls it.</summary>
    public string KubeletServingCertificate => In("kubelet.crt");

    public string KubeletServingKey => In("kubelet.key");

    /// <summary>Signs service account tokens.</summary>
    public string ServiceAccountKey => In("sa.key");

    public string ServiceAccountPublicKey => In("sa.pub");

    /// <summary>The public keys that signed before, newest first: their tokens are good until they end. May be missing.</summary>
    public string ServiceAccountPreviousKeys => In("sa-previous.pub");

    /// <summary>Bearer tokens of static users, <c>token,user,uid,"group1,group2"</c> a line. Optional.</summary>
    public string StaticTokens => In("tokens.csv");

    /// <summary>The administrator's kubeconfig.</summary>
    public string AdminKubeconfig => Path.Combine(_options.DataDirectory, "kubeconfig");

    public string SchedulerKubeconfig => In("scheduler.kubeconfig");

    public string ControllerManagerKubeconfig => In("controller-manager.kubeconfig");

    public string ProxyKubeconfig => In("proxy.kubeconfig");

    public string KubeletKubeconfig => In("kubelet.kubeconfig");

    /// <summary>What is there already, unchecked.</summary>
    public static ClusterPki At(string dataDirectory) => new(new PkiOptions { DataDirectory = dataDirectory, NodeName = "", NodeAddress = IPAddress.Loopback });

    /// <summary>Makes what is missing and renews what is near its end or no longer names what it should. Idempotent.</summary>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    /// <exception cref="InvalidDataException">The authority's certificate and key do not belong together, or it has expired.</exception>
    public static async Task<ClusterPki> EnsureAsync(PkiOptions options, CancellationToken cancellationToken = default)
    {
        var pki = new ClusterPki(options);
        System.IO.Directory.CreateDirectory(pki.Directory);
        using var authority = await pki.EnsureAuthorityAsync(cancellationToken);
        await pki.EnsureLeafAsync(authority, "apiserver", pki.ServerSpec(), cancellationToken);
        await pki.EnsureLeafAsync(authority, "apiserver-kubelet-client", Client("kube-apiserver-kubelet-client", Masters), cancellationToken);
        await pki.EnsureLeafAsync(authority, "kubelet", pki.KubeletSpec(), cancellationToken);
        await pki.EnsureServiceAccountKeysAsync(cancellationToken);
        await pki.EnsureKubeconfigsAsync(authority, cancellationToken);
        return pki;
    }

    /// <summary>Makes a new key of service account tokens; tokens of the last <see cref="PreviousKeys"/> ones stay good.</summary>
    /// <remarks>Servers that run notice it within seconds: no restart is needed.</remarks>
    public async Task RotateServiceAccountKeyAsync(CancellationToken cancellationToken = default)
    {
        using var old = Authentication.SigningKey.FromPem(await File.ReadAllTextAsync(ServiceAccountKey, cancellationToken));
        var before = File.Exists(ServiceAccountPreviousKeys) ? await File.ReadAllTextAsync(ServiceAccountPreviousKeys, cancellationToken) : "";
        // The old one is known as an old one before the new one signs: no token is homeless in between.
        await SecureFile.WriteAsync(
            ServiceAccountPreviousKeys, string.Concat(PemBlocks.Of(before).Prepend(old.PublicPem).Take(PreviousKeys).Select(pem => pem + "\n")), SecureFile.Public, cancellationToken);
        using var created = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await SecureFile.WriteAsync(ServiceAccountKey, created.ExportPkcs8PrivateKeyPem() + "\n", SecureFile.Secret, cancellationToken);
        await EnsureServiceAccountKeysAsync(cancellationToken);
    }

    private string In(string file) => Path.Combine(Directory, file);

    private static CertificateSpec Client(string name, params string[] groups) => new(name, groups) { Client = true };

    private CertificateSpec ServerSpec()
    {
        var names = new SortedSet<string>(StringComparer.Ordinal)
        {
            "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
            "localhost", Dns.GetHostName().ToLowerInvariant(), _options.NodeName,
        };
        var addresses = new HashSet<IPAddress> { IPAddress.Loopback, IPAddress.IPv6Loopback, _options.ServiceAddress, _options.NodeAddress };
        foreach (var extra in _options.ExtraServerNames.Append(_options.ServerUrl.Host.Trim('[', ']')))
        {
            if (IPAddress.TryParse(extra, out var address))
                addresses.Add(address);
            else
                names.Add(extra);
        }

        return new CertificateSpec("kube-apiserver") { Server = true, DnsNames = [.. names], Addresses = [.. addresses] };
    }

    private CertificateSpec KubeletSpec() => new($"system:node:{_options.NodeName}", "system:nodes")
    {
        Server = true,
        DnsNames = _options.NodeName == "localhost" ? ["localhost"] : [_options.NodeName, "localhost"],
        Addresses = _options.NodeAddress.Equals(IPAddress.Loopback) ? [IPAddress.Loopback] : [_options.NodeAddress, IPAddress.Loopback],
    };

    private async Task<CertificateAuthority> EnsureAuthorityAsync(CancellationToken cancellationToken)
    {
        var keyPath = In("ca.key");
        if (!File.Exists(AuthorityCertificate))
        {
            var (certificate, key) = CertificateAuthority.Create(_options.Time);
            // The certificate comes last: while it is missing, whatever key is there belongs to nothing yet.
            await SecureFile.WriteAsync(keyPath, key, SecureFile.Secret, cancellationToken);
            await SecureFile.WriteAsync(AuthorityCertificate, certificate, SecureFile.Public, cancellationToken);
        }

        try
        {
            var root = X509Certificate2.CreateFromPemFile(AuthorityCertificate, keyPath);
            if (root.NotAfter.ToUniversalTime() < _options.Time.GetUtcNow().UtcDateTime)
                throw new InvalidDataException($"the cluster's certificate authority {AuthorityCertificate} has expired");
            return new CertificateAuthority(root, _options.Time);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or FileNotFoundException)
        {
            throw new InvalidDataException($"{AuthorityCertificate} and {keyPath} are not a certificate and its key: {e.Message}", e);
        }
    }

    private async Task EnsureLeafAsync(CertificateAuthority authority, string file, CertificateSpec spec, CancellationToken cancellationToken)
    {
        var (certificatePath, keyPath) = (In(file + ".crt"), In(file + ".key"));
        if (LeafCheck.IsGood(certificatePath, keyPath, spec, authority.Certificate, _options.Time.GetUtcNow()))
            return;
        var (certificate, key) = authority.Issue(spec);
        await SecureFile.WriteAsync(keyPath, key, SecureFile.Secret, cancellationToken);
        await SecureFile.WriteAsync(certificatePath, certificate, SecureFile.Public, cancellationToken);
    }

    private async Task EnsureServiceAccountKeysAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(ServiceAccountKey))
        {
            using var created = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            await SecureFile.WriteAsync(ServiceAccountKey, created.ExportPkcs8PrivateKeyPem() + "\n", SecureFile.Secret, cancellationToken);
        }

        using var key = Authentication.SigningKey.FromPem(await File.ReadAllTextAsync(ServiceAccountKey, cancellationToken));
        await SecureFile.WriteIfChangedAsync(ServiceAccountPublicKey, key.PublicPem + "\n", SecureFile.Public, cancellationToken);
    }

    private async Task EnsureKubeconfigsAsync(CertificateAuthority authority, CancellationToken cancellationToken)
    {
        (string Path, string User, string? Group)[] clients =
        [
            (AdminKubeconfig, "kubernetes-admin", Masters),
            (SchedulerKubeconfig, "system:kube-scheduler", null),
            (ControllerManagerKubeconfig, "system:kube-controller-manager", null),
            (ProxyKubeconfig, "system:kube-proxy", null),
            (KubeletKubeconfig, $"system:node:{_options.NodeName}", "system:nodes"),
        ];
        foreach (var (path, user, group) in clients)
        {
            var leaf = path == AdminKubeconfig ? "admin" : Path.GetFileNameWithoutExtension(path) + "-client";
            var spec = group is null ? Client(user) : Client(user, group);
            await EnsureLeafAsync(authority, leaf, spec, cancellationToken);
            var text = Kubeconfig.Text(
                _options.ServerUrl,
                await File.ReadAllTextAsync(AuthorityCertificate, cancellationToken),
                user,
                await File.ReadAllTextAsync(In(leaf + ".crt"), cancellationToken),
                await File.ReadAllTextAsync(In(leaf + ".key"), cancellationToken));
            await SecureFile.WriteIfChangedAsync(path, text, SecureFile.Secret, cancellationToken);
        }
    }
}
