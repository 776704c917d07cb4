using System.CommandLine;
using Cluster.ApiServer.Auditing;

namespace Cluster.Cli.Commands;

/// <summary>The options of the audit log, by Kubernetes' own names.</summary>
internal sealed class AuditOptions
{
    public Option<string?> Path { get; } = new("--audit-log-path") { Description = "file that requests to the API are written to; none otherwise" };

    public Option<string?> Policy { get; } = new("--audit-policy-file") { Description = "audit.k8s.io/v1 Policy: what is written; everything at level Metadata otherwise" };

    public Option<int> MaxSize { get; } = new("--audit-log-maxsize") { Description = "megabytes after which a new file is begun", DefaultValueFactory = _ => 100 };

    public Option<int> MaxBackup { get; } = new("--audit-log-maxbackup") { Description = "older files that are kept", DefaultValueFactory = _ => 10 };

    public IEnumerable<Option> All => [Path, Policy, MaxSize, MaxBackup];

    /// <exception cref="CliException">The policy is not there, or a number makes no sense.</exception>
    public AuditLogOptions? Read(ParseResult parsed)
    {
        string? policy = parsed.GetValue(Policy);
        if (policy is not null && !File.Exists(policy)) throw new CliException($"--audit-policy-file {policy}: there is no such file", 2);
        if (parsed.GetValue(MaxSize) < 1) throw new CliException("--audit-log-maxsize: a number of megabytes, 1 or more, is meant", 2);
        if (parsed.GetValue(MaxBackup) < 0) throw new CliException("--audit-log-maxbackup: 0 or more is meant", 2);
        if (parsed.GetValue(Path) is not { } path)
            return policy is null ? null : throw new CliException("--audit-policy-file needs --audit-log-path as well", 2);
        return new AuditLogOptions(path) { PolicyFile = policy, MaxBytes = (long)parsed.GetValue(MaxSize) << 20, MaxBackups = parsed.GetValue(MaxBackup) };
    }
}
