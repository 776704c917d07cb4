using System.Text;
using Cluster.Api.Validation;

namespace Cluster.Api.Apply;

/// <summary>What a field manager may be called.</summary>
public static class ManagerNames
{
    /// <summary>What is wrong with the name a client gives.</summary>
    public static IReadOnlyList<FieldError> Check(string name)
    {
        var errors = new FieldErrors();
        ObjectMetaRules.FieldManager(name, FieldPath.Root("fieldManager"), errors);
        return [.. errors];
    }

    /// <summary>The name of a client that gives none: its program, before the slash of its user agent, as far as it can be printed.</summary>
    public static string OfUserAgent(string agent)
    {
        var slash = agent.IndexOf('/', StringComparison.Ordinal);
        var name = new StringBuilder();
        var bytes = 0;
        foreach (var rune in (slash < 0 ? agent : agent[..slash]).EnumerateRunes())
        {
            if (Rune.IsControl(rune))
                continue;
            bytes += rune.Utf8SequenceLength;
            if (bytes > ObjectMetaRules.ManagerBytes)
                break;
            name.Append(rune.ToString());
        }

        return name.ToString();
    }
}
