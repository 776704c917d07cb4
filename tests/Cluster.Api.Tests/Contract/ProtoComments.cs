using System.Text.RegularExpressions;

namespace Cluster.Api.Tests.Contract;

/// <summary>The comments of the contract's .proto files, by full name of message or message.field.</summary>
internal sealed partial class ProtoComments
{
    private readonly Dictionary<string, string> comments = [];

    public static ProtoComments Read()
    {
        var all = new ProtoComments();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Protos"), "*.proto"))
        {
            all.Add(File.ReadAllLines(file));
        }
        return all;
    }

    public string? Of(string fullName) => comments.GetValueOrDefault(fullName);

    private void Add(string[] lines)
    {
        var (package, message) = ("", "");
        for (var i = 0; i < lines.Length; i++)
        {
            if (PackageLine().Match(lines[i]) is { Success: true } found)
            {
                package = found.Groups[1].Value;
            }
            else if (MessageLine().Match(lines[i]) is { Success: true } start)
            {
                message = $"{package}.{start.Groups[1].Value}";
                Keep(message, lines, i);
            }
            else if (FieldLine().Match(lines[i]) is { Success: true } field && message.Length > 0)
            {
                Keep($"{message}.{field.Groups[1].Value}", lines, i);
            }
            else if (lines[i] == "}")
            {
                message = "";
            }
        }
    }

    private void Keep(string name, string[] lines, int at)
    {
        if (at > 0 && lines[at - 1].TrimStart().StartsWith("//", StringComparison.Ordinal))
        {
            comments[name] = lines[at - 1].TrimStart()[2..].Trim();
        }
    }

    [GeneratedRegex(@"^package ([\w.]+);")]
    private static partial Regex PackageLine();

    [GeneratedRegex(@"^message (\w+) \{")]
    private static partial Regex MessageLine();

    [GeneratedRegex(@"^  (?:optional |repeated )?(?:map<[^>]+>|[\w.]+) (\w+) = \d+")]
    private static partial Regex FieldLine();
}
