using System.Net;

namespace Cluster.Cli.Commands;

/// <summary>Reads the text of an option, or refuses it by the option's name.</summary>
internal static class OptionText
{
    public static IPAddress Address(string option, string text) =>
        IPAddress.TryParse(text, out IPAddress? address) ? address : throw new CliException($"{option} {text}: an IP address is meant", 2);

    public static IPEndPoint EndPoint(string option, string text) =>
        text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out IPEndPoint? endPoint) && endPoint.Port > 0
            ? endPoint
            : throw new CliException($"{option} {text}: IP:PORT is meant", 2);

    public static IPNetwork Network(string option, string text) =>
        IPNetwork.TryParse(text, out IPNetwork network) ? network : throw new CliException($"{option} {text}: a range like 10.96.0.0/16 is meant", 2);

    public static Uri Url(string option, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
            ? uri!
            : throw new CliException($"{option} {text}: a URL like http://127.0.0.1:2379 is meant", 2);
}
