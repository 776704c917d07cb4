using Cluster.Api.CoreV1;

namespace Cluster.Api.Tables;

/// <summary>Texts that several kinds show.</summary>
internal static class CellText
{
    public const string None = "<none>";

    private const int ListedAtMost = 3;

    public static string OrNone(string? value) => string.IsNullOrEmpty(value) ? None : value;

    /// <summary>Joined with commas; nothing is shown as <c>&lt;none&gt;</c>.</summary>
    public static string List(IEnumerable<string> values) => OrNone(string.Join(',', values));

    /// <summary>Labels or an equality selector as <c>a=b,c=d</c>, sorted.</summary>
    public static string Labels(IEnumerable<KeyValuePair<string, string>>? labels) => List(
        (labels ?? []).OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));

    /// <summary>The first three, and how many more there are.</summary>
    public static string Few(IReadOnlyCollection<string> values, string whenEmpty)
    {
        if (values.Count == 0)
        {
            return whenEmpty;
        }
        var listed = string.Join(',', values.Take(ListedAtMost));
        return values.Count > ListedAtMost ? $"{listed} + {values.Count - ListedAtMost} more..." : listed;
    }

    public static string ContainerNames(PodTemplateSpec? template) =>
        string.Join(',', template?.Spec?.Containers.Select(container => container.Name) ?? []);

    public static string ContainerImages(PodTemplateSpec? template) =>
        string.Join(',', template?.Spec?.Containers.Select(container => container.Image) ?? []);

    /// <summary>Null, which selects nothing, and empty, which selects all, look alike.</summary>
    public static string Selector(MetaV1.LabelSelector? selector) =>
        selector is null ? None : OrNone(Selectors.LabelSelector.From(selector).ToString());
}
