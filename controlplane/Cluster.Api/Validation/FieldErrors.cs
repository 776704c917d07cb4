namespace Cluster.Api.Validation;

/// <summary>Collects what is wrong with an object; one method a common rule.</summary>
internal sealed class FieldErrors : List<FieldError>
{
    public const string Immutable = "field is immutable";
    public const string Negative = "must be greater than or equal to 0";

    public void Required(FieldPath path, string detail = "") => Add(FieldError.Required(path.ToString(), detail));

    /// <summary>An empty text is missing.</summary>
    /// <returns>Whether there is a value to check further.</returns>
    public bool Present(FieldPath path, string value)
    {
        if (value.Length == 0)
        {
            Required(path);
        }
        return value.Length > 0;
    }

    public void Invalid(FieldPath path, object? value, string detail) => Add(FieldError.Invalid(path.ToString(), value, detail));

    /// <summary>One error for each complaint.</summary>
    public void Invalid(FieldPath path, object? value, IEnumerable<string> complaints)
    {
        foreach (var complaint in complaints)
        {
            Invalid(path, value, complaint);
        }
    }

    /// <summary>A format's complaints about a value that must be there.</summary>
    public void Format(FieldPath path, string value, Func<string, IEnumerable<string>> format) => Invalid(path, value, format(value));

    /// <summary>A format's complaints about a value that may be left out.</summary>
    public void OptionalFormat(FieldPath path, string value, Func<string, IEnumerable<string>> format)
    {
        if (value.Length > 0)
        {
            Format(path, value, format);
        }
    }

    public void Forbidden(FieldPath path, string detail) => Add(FieldError.Forbidden(path.ToString(), detail));

    public void Duplicate(FieldPath path, object? value) => Add(FieldError.Duplicate(path.ToString(), value));

    public void NotFound(FieldPath path, object? value) => Add(FieldError.NotFound(path.ToString(), value));

    public void NotSupported(FieldPath path, string value, IEnumerable<string> supported) =>
        Add(FieldError.NotSupported(path.ToString(), value, supported));

    /// <summary>A value of a closed set that must be there.</summary>
    public void OneOf(FieldPath path, string value, params ReadOnlySpan<string> supported)
    {
        if (Present(path, value))
        {
            OptionalOneOf(path, value, supported);
        }
    }

    /// <summary>A value of a closed set; empty is unset.</summary>
    public void OptionalOneOf(FieldPath path, string value, params ReadOnlySpan<string> supported)
    {
        if (value.Length > 0 && !supported.Contains(value))
        {
            NotSupported(path, value, supported.ToArray());
        }
    }

    public void NotNegative(FieldPath path, long value)
    {
        if (value < 0)
        {
            Invalid(path, value, Negative);
        }
    }

    public void Unchanged<T>(FieldPath path, T now, T before)
    {
        if (!EqualityComparer<T>.Default.Equals(now, before))
        {
            Invalid(path, now, Immutable);
        }
    }

    public void TooLong(FieldPath path, int maxBytes) => Add(FieldError.TooLong(path.ToString(), maxBytes));

    public void TooMany(FieldPath path, int actual, int max) => Add(FieldError.TooMany(path.ToString(), actual, max));
}
