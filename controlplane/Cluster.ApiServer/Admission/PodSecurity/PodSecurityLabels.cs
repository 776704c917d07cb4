using System.Globalization;
using Cluster.Api.Validation;
using Google.Protobuf.Collections;

namespace Cluster.ApiServer.Admission.PodSecurity;

/// <summary>What the labels of a namespace say about its pods.</summary>
/// <param name="Enforce">Pods that violate it are refused.</param>
/// <param name="Audit">What violates it is noted in the audit log.</param>
/// <param name="Warn">Whoever writes what violates it is warned; where no label says otherwise, what is enforced.</param>
/// <param name="Errors">Labels that say nothing sensible: the strictest is enforced then, and nobody warned.</param>
internal sealed record PodSecurityLabels(PodSecurityPolicy Enforce, PodSecurityPolicy Audit, PodSecurityPolicy Warn, IReadOnlyList<FieldError> Errors)
{
    public const string Prefix = "pod-security.kubernetes.io/";

    private const string VersionSuffix = "-version";

    private static readonly PodSecurityLabels None = new(PodSecurityPolicy.Privileged, PodSecurityPolicy.Privileged, PodSecurityPolicy.Privileged, []);

    /// <summary>Nothing is asked of pods.</summary>
    public bool IsPrivileged => Errors.Count == 0 && Enforce.Level == PodSecurityLevel.Privileged && AsksNothingOfTemplates;

    /// <summary>Nothing is said about what pods are made of.</summary>
    public bool AsksNothingOfTemplates => Errors.Count == 0 && Audit.Level == PodSecurityLevel.Privileged && Warn.Level == PodSecurityLevel.Privileged;

    /// <summary>Reads them; never fails.</summary>
    public static PodSecurityLabels Of(MapField<string, string>? labels)
    {
        if (labels is null || !labels.Keys.Any(key => key.StartsWith(Prefix, StringComparison.Ordinal)))
            return None;

        List<FieldError> errors = [];
        var enforce = Read(labels, "enforce", PodSecurityLevel.Restricted, errors);
        var isSure = !errors.Exists(error => error.Path == Path("enforce"));
        var audit = Read(labels, "audit", PodSecurityLevel.Privileged, errors);
        var warn = Read(labels, "warn", PodSecurityLevel.Privileged, errors);
        if (!labels.ContainsKey(Prefix + "warn") && isSure && enforce.Level > PodSecurityLevel.Privileged)
            warn = new PodSecurityPolicy(enforce.Level, labels.ContainsKey(Prefix + "warn" + VersionSuffix) ? warn.Minor : enforce.Minor);
        return new PodSecurityLabels(enforce, audit, warn, errors);
    }

    private static PodSecurityPolicy Read(MapField<string, string> labels, string mode, PodSecurityLevel otherwise, List<FieldError> errors)
    {
        var level = PodSecurityLevel.Privileged;
        if (labels.TryGetValue(Prefix + mode, out var word) && !TryLevel(word, out level))
        {
            errors.Add(FieldError.Invalid(Path(mode), word, "must be one of privileged, baseline, restricted"));
            level = otherwise;
        }

        int? minor = null;
        if (labels.TryGetValue(Prefix + mode + VersionSuffix, out var version) && !TryVersion(version, out minor))
            errors.Add(FieldError.Invalid(Path(mode + VersionSuffix), version, "must be \"latest\" or \"v1.x\""));
        return new PodSecurityPolicy(level, minor);
    }

    private static string Path(string name) => $"metadata.labels[{Prefix}{name}]";

    private static bool TryLevel(string word, out PodSecurityLevel level)
    {
        level = PodSecurityLevel.Privileged;
        foreach (var one in Enum.GetValues<PodSecurityLevel>())
        {
            if (PodSecurityPolicy.Word(one) != word)
                continue;
            level = one;
            return true;
        }

        return false;
    }

    private static bool TryVersion(string version, out int? minor)
    {
        minor = null;
        if (version == "latest")
            return true;
        if (!version.StartsWith("v1.", StringComparison.Ordinal)
            || !int.TryParse(version.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || (version[3] == '0' && version.Length > 4))
            return false;
        minor = number;
        return true;
    }
}
