using CsCheck;

namespace Cluster.Fuzz.Tests.Generating;

/// <summary>Words of the API, words that mean trouble, and any others.</summary>
internal static class Texts
{
    /// <summary>Words with a meaning somewhere.</summary>
    public static Gen<string> Known { get; } = Gen.OneOf(
        "", "a", "b", "default", "kube-system", "v1", "apps/v1", "Pod", "metadata", "name", "namespace", "labels", "spec", "status", "containers", "items", "data",
        "kubernetes.io/hostname", "app", "app=web", "metadata.name", "100m", "1Gi", "10%", "8080", "http", "TCP", "Always", "IfNotPresent", "None", "True", "null", "true", "2020-01-01T00:00:00Z", "$patch", "$retainKeys", "delete",
        "/spec/containers/0", "/metadata/labels/a~1b", "-", "@daily", "*/5 * * * *", "{.spec.x}", "..*", "[0]", "^a+$", "(a+)+$");

    /// <summary>Words that parsers have stumbled over.</summary>
    public static Gen<string> Odd { get; } = Gen.OneOf(
        "\0", "é", "\u2028", "\ud83d\ude00", "\ud83d", "\\", "\"", "'", "`", "\r\n", "\t", " ", "..", "../..", "%2e%2e", "%00", "%", "//", "?", "#", "&", "=", "!", "!=", "==", ",", "()", "in ()", "notin", "{{", "}}",
        "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e400", "-0", "0x10", "0o7", "1_000", ".5", "5.", "1e", "+1", "NaN", "Infinity", "1E-7", "1Ei", "-1n", "999999999999999999999999Ei",
        "2020-02-30T00:00:00Z", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+23:59", "P1D", "1h2m3.5s", "9999999h", "::ffff:1.2.3.4", "256.0.0.1", "fe80::1%eth0", "10.0.0.0/33", "\\x{110000}", "[[:alpha:]]", "(?i)a", "a{1001}", "((a{99}){99}){99}",
        new string('x', 64), new string('a', 254), new string('(', 2_000), new string('[', 2_000), string.Concat(Enumerable.Repeat("a.", 400)));

    public static Gen<string> Any { get; } = Gen.Frequency((5, Known), (3, Odd), (1, Gen.String[0, 12]), (1, Gen.Select(Known, Odd, (left, right) => left + right)));
}
