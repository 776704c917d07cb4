using Cluster.Api.CoreV1;

namespace Cluster.Api.Tables;

/// <summary>Texts that several kinds show.</summary>
internal static class CellText
{
    public const string None = "<none>";

    public const string Unset = "<unset>";

    private const int ListedAtMost = 3;

    private static readonly (string Long, string Short)[] ShortModes =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];

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

    /// <summary>A truth as Kubernetes' cells spell it; unset is told.</summary>
    public static string Bool(bool isSet, bool value) => !isSet ? Unset : value ? "True" : "False";

    /// <summary>A text that may be absent altogether.</summary>
    public static string OrUnset(bool isSet, string value) => isSet ? value : Unset;

    /// <summary>The owner that manages the object, as <c>kind.group/name</c>.</summary>
    public static string Controller(IApiObject obj)
    {
        if (obj.Metadata?.OwnerReferences.FirstOrDefault(owner => owner.Controller) is not { } owner)
        {
            return None;
        }
        var slash = owner.ApiVersion.IndexOf('/', StringComparison.Ordinal);
        var group = slash < 0 ? "" : "." + owner.ApiVersion[..slash];
        return $"{owner.Kind.ToLowerInvariant()}{group}/{owner.Name}";
    }

    /// <summary>The storage an object has or wants; empty where it says nothing.</summary>
    public static string Storage(IDictionary<string, Resource.Quantity>? amounts) =>
        amounts is not null && amounts.TryGetValue("storage", out var amount) ? amount.String : "";

    /// <summary>Access modes in short: RWO, ROX, RWX, RWOP.</summary>
    public static string AccessModes(IEnumerable<string>? modes) => string.Join(',', ShortModes
        .Where(mode => modes?.Contains(mode.Long) ?? false).Select(mode => mode.Short));
}
