using System.Text;

namespace Cluster.Kubelet.Variables;

/// <summary>Replaces <c>$(NAME)</c> by a variable's value; <c>$$</c> stands for one dollar, anything else stays as it is.</summary>
public static class Expansion
{
    public static string Expand(string text, IReadOnlyDictionary<string, string> variables)
    {
        if (!text.Contains('$', StringComparison.Ordinal)) return text;
        var result = new StringBuilder(text.Length);
        for (var index = 0; index < text.Length; index++)
        {
            if (text[index] != '$' || index + 1 == text.Length)
            {
                result.Append(text[index]);
                continue;
            }

            index += AppendReference(result, text, index + 1, variables);
        }

        return result.ToString();
    }

    /// <summary>Writes what stands for the dollar before <paramref name="next"/>; returns how many more characters it took.</summary>
    private static int AppendReference(StringBuilder result, string text, int next, IReadOnlyDictionary<string, string> variables)
    {
        if (text[next] == '$')
        {
            result.Append('$');
            return 1;
        }

        var end = text[next] == '(' ? text.IndexOf(')', next) : -1;
        if (end < 0)
        {
            result.Append('$');
            return 0;
        }

        var name = text[(next + 1)..end];
        result.Append(variables.TryGetValue(name, out var value) ? value : $"$({name})");
        return end - next + 1;
    }
}
