using System.Buffers;
using System.Net;
using System.Text.RegularExpressions;

namespace Cluster.Api.Validation;

/// <summary>
/// The formats of names and values in the API. Each method gives Kubernetes' complaints about a value, none when it is good.
/// </summary>
public static partial class NameFormats
{
    public const int LabelMaxLength = 63;
    public const int SubdomainMaxLength = 253;

    private const string Label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private const string Subdomain = Label + @"(\." + Label + ")*";
    private const string Label1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
    private const string Qualified = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
    private const string LabelText = "(" + Qualified + ")?";
    private const string Key = "[-._a-zA-Z0-9]+";
    private const string Header = "[-A-Za-z0-9]+";
    private const string WholePercent = "[0-9]+%";
    private const string Path = @"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+";
    private const string Wildcard = @"\*\." + Subdomain;
    private const string CIdentifier = "[A-Za-z_][A-Za-z0-9_]*";

    private const string QualifiedNameRule =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

    private static readonly SearchValues<char> PortNameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>A lowercase RFC 1123 label: names of namespaces, containers, volumes, ports of services.</summary>
    public static IEnumerable<string> Dns1123Label(string value) => TooLong(value, LabelMaxLength).And(LabelForm(value));

    /// <summary>Labels joined by dots: the names of most kinds.</summary>
    public static IEnumerable<string> Dns1123Subdomain(string value) => TooLong(value, SubdomainMaxLength).And(Unless(
        SubdomainRegex().IsMatch(value),
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an "
        + "alphanumeric character",
        Subdomain, "example.com"));

    /// <summary>A label that starts with a letter: names of services.</summary>
    public static IEnumerable<string> Dns1035Label(string value) => TooLong(value, LabelMaxLength).And(Unless(
        Label1035Regex().IsMatch(value),
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an "
        + "alphanumeric character",
        Label1035, "my-name", "abc-123"));

    /// <summary>A name with an optional DNS subdomain and a slash before it: label keys, resource names, condition types.</summary>
    public static IEnumerable<string> QualifiedName(string value)
    {
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        if (slash != value.LastIndexOf('/'))
        {
            return ["a qualified name " + WithRegex(QualifiedNameRule, Qualified, "MyName", "my.name", "123-abc")
                + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"];
        }
        return slash < 0 ? NamePart(value) : PrefixPart(value[..slash]).And(NamePart(value[(slash + 1)..]));
    }

    public static IEnumerable<string> LabelValue(string value) => TooLong(value, LabelMaxLength).And(Unless(
        LabelTextRegex().IsMatch(value),
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        + "alphanumeric character",
        LabelText, "MyValue", "my_value", "12345"));

    /// <summary>A key of a ConfigMap or Secret: it becomes a file name.</summary>
    public static IEnumerable<string> ConfigKey(string value) => TooLong(value, SubdomainMaxLength)
        .And(Unless(
            KeyRegex().IsMatch(value), "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            Key, "key.name", "KEY_NAME", "key-name"))
        .And(NotParentDirectory(value));

    /// <summary>Anything printable in ASCII but the equals sign.</summary>
    public static IEnumerable<string> EnvVarName(string value)
    {
        if (value.Length == 0)
        {
            return ["environment variable name " + NotEmpty];
        }
        return value.All(c => c is >= ' ' and <= '~' and not '=')
            ? []
            : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
    }

    /// <summary>An IANA service name: names of container ports.</summary>
    public static IEnumerable<string> PortName(string value)
    {
        return TooLong(value, 15)
            .And(Unless(
                value.Length > 0 && !value.AsSpan().ContainsAnyExcept(PortNameCharacters),
                "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"))
            .And(Unless(value.AsSpan().ContainsAnyInRange('a', 'z'), "must contain at least one letter (a-z)"))
            .And(Unless(!value.Contains("--", StringComparison.Ordinal), "must not contain consecutive hyphens"))
            .And(Unless(value.Length == 0 || (value[0] != '-' && value[^1] != '-'), "must not begin or end with a hyphen"));
    }

    public static IEnumerable<string> HttpHeaderName(string value) =>
        Unless(HeaderRegex().IsMatch(value), "a valid HTTP header must consist of alphanumeric characters or '-'", Header, "X-Header-Name");

    public static IEnumerable<string> Percent(string value) => Unless(
        PercentRegex().IsMatch(value), "a valid percent string must be a numeric string followed by an ending '%'",
        WholePercent, "1%", "93%");

    public static IEnumerable<string> PortNumber(long value) => Range(value, 1, 65535);

    public static IEnumerable<string> UserOrGroupId(long value) => Range(value, 0, int.MaxValue);

    public static IEnumerable<string> Range(long value, long min, long max) =>
        value >= min && value <= max ? [] : [$"must be between {min} and {max}, inclusive"];

    /// <summary>An IPv4 or IPv6 address in a form Go accepts: four decimal parts, none with leading zeros.</summary>
    public static IEnumerable<string> IP(string value) =>
        IsIP(value) ? [] : ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];

    public static bool IsIP(string value) => IPAddress.TryParse(value, out var address)
        && (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            ? !value.Contains('%', StringComparison.Ordinal) && !value.StartsWith('[')
            : DottedQuadRegex().IsMatch(value));

    public static bool IsCidr(string value)
    {
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IsIP(value[..slash]) || !BitsRegex().IsMatch(value[(slash + 1)..]))
        {
            return false;
        }
        var bits = int.Parse(value[(slash + 1)..], System.Globalization.CultureInfo.InvariantCulture);
        return bits <= (value.Contains(':', StringComparison.Ordinal) ? 128 : 32);
    }

    /// <summary>What follows the domain in <c>example.com/path</c>: characters a URL path may hold as they are.</summary>
    public static IEnumerable<string> HttpPath(string value) => Unless(
        HttpPathRegex().IsMatch(value), "Invalid path", Path);

    /// <summary>A subdomain, or a star and a subdomain below it: hosts of an ingress.</summary>
    public static IEnumerable<string> WildcardSubdomain(string value) => TooLong(value, SubdomainMaxLength).And(Unless(
        WildcardRegex().IsMatch(value),
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case "
        + "alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        Wildcard, "*.example.com"));

    /// <summary>A name of a CSI driver: a subdomain, whatever its case, of at most 63 characters.</summary>
    public static IEnumerable<string> CsiDriver(string value) => Dns1123Subdomain(value.ToLowerInvariant());

    /// <summary>A segment of a URL path: the names of RBAC kinds.</summary>
    public static IEnumerable<string> PathSegment(string value)
    {
        if (value is "." or "..")
        {
            return [$"may not be '{value}'"];
        }
        return "/%".Where(value.Contains).Select(bad => $"may not contain '{bad}'");
    }

    internal const string NotEmpty = "must be non-empty";

    internal static IEnumerable<string> TooLong(string value, int max) =>
        value.Length > max ? [$"must be no more than {max} characters"] : [];

    internal static IEnumerable<string> Unless(bool good, string rule, string regex, params ReadOnlySpan<string> examples) =>
        good ? [] : [WithRegex(rule, regex, examples)];

    /// <summary>Dots alone are a mistake of their own: the name would be good for most other kinds.</summary>
    private static IEnumerable<string> LabelForm(string value) => !LabelRegex().IsMatch(value) && SubdomainRegex().IsMatch(value)
        ? ["must not contain dots"]
        : Unless(
            LabelRegex().IsMatch(value),
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
            + "alphanumeric character",
            Label, "my-name", "123-abc");

    private static IEnumerable<string> PrefixPart(string prefix) => prefix.Length == 0
        ? ["prefix part " + NotEmpty]
        : Dns1123Subdomain(prefix).Each("prefix part ");

    private static IEnumerable<string> NamePart(string name)
    {
        var length = name.Length == 0 ? [NotEmpty] : TooLong(name, LabelMaxLength);
        return length.And(Unless(QualifiedRegex().IsMatch(name), QualifiedNameRule, Qualified, "MyName", "my.name", "123-abc"))
            .Each("name part ");
    }

    private static IEnumerable<string> NotParentDirectory(string value) => value switch
    {
        "." => ["must not be '.'"],
        ".." => ["must not be '..'"],
        _ when value.StartsWith("..", StringComparison.Ordinal) => ["must not start with '..'"],
        _ => [],
    };

    private static IEnumerable<string> Unless(bool good, string complaint) => good ? [] : [complaint];

    // Nearly all values are good: those cost no sequence of nothing and nothing.
    private static IEnumerable<string> And(this IEnumerable<string> first, IEnumerable<string> second) =>
        first is string[] { Length: 0 } ? second : second is string[] { Length: 0 } ? first : first.Concat(second);

    private static IEnumerable<string> Each(this IEnumerable<string> complaints, string where) =>
        complaints is string[] { Length: 0 } ? complaints : complaints.Select(complaint => where + complaint);

    /// <summary>The examples stand the way Kubernetes has always printed them, two spaces before each "or" included.</summary>
    private static string WithRegex(string rule, string regex, params ReadOnlySpan<string> examples) =>
        examples.Length == 0
            ? $"{rule} (regex used for validation is '{regex}')"
            : $"{rule} (e.g. {string.Join(" or ", examples.ToArray().Select(example => $"'{example}', "))}regex used for validation is '{regex}')";

    [GeneratedRegex("^" + Label + @"\z")]
    private static partial Regex LabelRegex();

    [GeneratedRegex("^" + Subdomain + @"\z")]
    private static partial Regex SubdomainRegex();

    [GeneratedRegex("^" + Label1035 + @"\z")]
    private static partial Regex Label1035Regex();

    [GeneratedRegex("^" + Qualified + @"\z")]
    private static partial Regex QualifiedRegex();

    [GeneratedRegex("^" + LabelText + @"\z")]
    private static partial Regex LabelTextRegex();

    [GeneratedRegex("^" + Key + @"\z")]
    private static partial Regex KeyRegex();

    [GeneratedRegex("^" + Header + @"\z")]
    private static partial Regex HeaderRegex();

    [GeneratedRegex("^" + WholePercent + @"\z")]
    private static partial Regex PercentRegex();

    [GeneratedRegex("^" + CIdentifier + @"\z")]
    internal static partial Regex CIdentifierRegex();

    [GeneratedRegex("^" + Path + @"\z")]
    private static partial Regex HttpPathRegex();

    [GeneratedRegex("^" + Wildcard + @"\z")]
    private static partial Regex WildcardRegex();

    [GeneratedRegex(@"^(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}\z")]
    private static partial Regex DottedQuadRegex();

    [GeneratedRegex(@"^(0|[1-9][0-9]{0,2})\z")]
    private static partial Regex BitsRegex();
}
