using System.Globalization;
using Google.Protobuf;

namespace Cluster.Api.Validation;

/// <summary>One rule broken by one field of an object.</summary>
/// <param name="Type">What is wrong.</param>
/// <param name="Path">The field as JSON names it: <c>spec.containers[0].name</c>, <c>metadata.annotations[key]</c>.</param>
/// <param name="Value">The offending value; left out of the text for types that do not show it.</param>
/// <param name="Detail">Why, in Kubernetes' words; may be empty.</param>
public sealed record FieldError(FieldErrorType Type, string Path, object? Value, string Detail)
{
    /// <summary>The value stands for "too much to show": the text then has none.</summary>
    private static readonly object Omitted = new();

    /// <summary>Everything but the path: the message of a Status cause.</summary>
    public string Body => Detail.Length == 0 ? Head : $"{Head}: {Detail}";

    /// <summary>Path and body.</summary>
    public string Message => $"{Path}: {Body}";

    /// <summary>The reason of the Status cause, such as <c>FieldValueInvalid</c>.</summary>
    public string CauseReason => Type switch
    {
        FieldErrorType.NotFound => "FieldValueNotFound",
        FieldErrorType.Required => "FieldValueRequired",
        FieldErrorType.Duplicate => "FieldValueDuplicate",
        FieldErrorType.Invalid => "FieldValueInvalid",
        FieldErrorType.NotSupported => "FieldValueNotSupported",
        FieldErrorType.Forbidden => "FieldValueForbidden",
        FieldErrorType.TooLong => "FieldValueTooLong",
        FieldErrorType.TooMany => "FieldValueTooMany",
        FieldErrorType.TypeInvalid => "FieldValueTypeInvalid",
        _ => "InternalError",
    };

    private string Head => ShowsValue ? $"{TypeText}: {Show(Value)}" : TypeText;

    private bool ShowsValue => !ReferenceEquals(Value, Omitted)
        && Type is not (FieldErrorType.Required or FieldErrorType.Forbidden or FieldErrorType.TooLong or FieldErrorType.Internal);

    private string TypeText => Type switch
    {
        FieldErrorType.NotFound => "Not found",
        FieldErrorType.Required => "Required value",
        FieldErrorType.Duplicate => "Duplicate value",
        FieldErrorType.Invalid => "Invalid value",
        FieldErrorType.NotSupported => "Unsupported value",
        FieldErrorType.Forbidden => "Forbidden",
        FieldErrorType.TooLong => "Too long",
        FieldErrorType.TooMany => "Too many",
        FieldErrorType.TypeInvalid => "Invalid value",
        _ => "Internal error",
    };

    public static FieldError NotFound(string path, object? value) => new(FieldErrorType.NotFound, path, value, "");

    public static FieldError Required(string path, string detail = "") => new(FieldErrorType.Required, path, "", detail);

    public static FieldError Duplicate(string path, object? value) => new(FieldErrorType.Duplicate, path, value, "");

    public static FieldError Invalid(string path, object? value, string detail) => new(FieldErrorType.Invalid, path, value, detail);

    /// <summary>A value that is wrong as a whole, and too large to be shown.</summary>
    public static FieldError InvalidUnshown(string path, string detail) => new(FieldErrorType.Invalid, path, Omitted, detail);

    public static FieldError NotSupported(string path, string value, IEnumerable<string> supported)
    {
        var list = GoText.QuoteAll(supported);
        return new(FieldErrorType.NotSupported, path, value, list.Length == 0 ? "" : "supported values: " + list);
    }

    public static FieldError Forbidden(string path, string detail) => new(FieldErrorType.Forbidden, path, "", detail);

    public static FieldError TooLong(string path, int maxBytes) =>
        new(FieldErrorType.TooLong, path, "", $"may not be more than {maxBytes} {(maxBytes == 1 ? "byte" : "bytes")}");

    public static FieldError TooMany(string path, int actual, int max) =>
        new(FieldErrorType.TooMany, path, actual < 0 ? Omitted : actual, $"must have at most {max} {(max == 1 ? "item" : "items")}");

    public static FieldError Internal(string path, string detail) => new(FieldErrorType.Internal, path, "", detail);

    public override string ToString() => Message;

    private static string Show(object? value) => value switch
    {
        null => "\"null\"",
        bool flag => flag ? "true" : "false",
        string text => GoText.Quote(text),
        MetaV1.LabelSelector selector => ShowSelector(selector),
        IDictionary<string, string> map => ShowMap(map),
        // As Go prints a time.
        MetaV1.Time time => time.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss +0000 'UTC'", CultureInfo.InvariantCulture),
        IMessage message => GoStructs.Show(message),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable<string> list => $"[]string{{{GoText.QuoteAll(list)}}}",
        _ => value.ToString() ?? "",
    };

    /// <summary>As Go prints the struct: users know this text from changing a selector.</summary>
    private static string ShowSelector(MetaV1.LabelSelector selector)
    {
        var labels = selector.MatchLabels.Count == 0 ? "map[string]string(nil)" : ShowMap(selector.MatchLabels);
        var requirements = selector.MatchExpressions.Select(requirement =>
            $"v1.LabelSelectorRequirement{{Key:{GoText.Quote(requirement.Key)}, Operator:{GoText.Quote(requirement.Operator)}, "
            + $"Values:[]string{{{GoText.QuoteAll(requirement.Values)}}}}}");
        var list = selector.MatchExpressions.Count == 0 ? "(nil)" : $"{{{string.Join(", ", requirements)}}}";
        return $"v1.LabelSelector{{MatchLabels:{labels}, MatchExpressions:[]v1.LabelSelectorRequirement{list}}}";
    }

    private static string ShowMap(IDictionary<string, string> map)
    {
        var entries = map.OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => $"{GoText.Quote(entry.Key)}:{GoText.Quote(entry.Value)}");
        return $"map[string]string{{{string.Join(", ", entries)}}}";
    }
}
