using System.CommandLine;
using Cluster.Cli.Hosting;

namespace Cluster.Cli.Commands;

/// <summary>The options that name an etcd, with Kubernetes' own names for its certificates.</summary>
internal sealed class EtcdOptions(string endpointsName)
{
    public Option<string?> Endpoints { get; } = new(endpointsName) { Description = "URLs of etcd, with commas" };

    public Option<string?> CaFile { get; } = new("--etcd-cafile") { Description = "the authority that signed etcd's certificates, PEM" };

    public Option<string?> CertificateFile { get; } = new("--etcd-certfile") { Description = "client certificate for etcd, PEM" };

    public Option<string?> KeyFile { get; } = new("--etcd-keyfile") { Description = "its key, PEM" };

    public IEnumerable<Option> All => [Endpoints, CaFile, CertificateFile, KeyFile];

    /// <exception cref="CliException">An endpoint is no URL, a file is missing, or only one of certificate and key is given.</exception>
    public EtcdSettings Read(ParseResult parsed)
    {
        string[] endpoints = (parsed.GetValue(Endpoints) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (Option<string?> file in new[] { CaFile, CertificateFile, KeyFile })
            if (parsed.GetValue(file) is { } path && !File.Exists(path)) throw new CliException($"{file.Name} {path}: there is no such file", 2);
        if (parsed.GetValue(CertificateFile) is null != parsed.GetValue(KeyFile) is null)
            throw new CliException("--etcd-certfile and --etcd-keyfile belong together", 2);
        return new EtcdSettings(
            [.. endpoints.Select(endpoint => OptionText.Url(Endpoints.Name, endpoint))], parsed.GetValue(CaFile), parsed.GetValue(CertificateFile), parsed.GetValue(KeyFile));
    }
}
