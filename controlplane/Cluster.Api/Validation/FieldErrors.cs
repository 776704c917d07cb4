namespace Cluster.Api.Validation;

/// <summary>Collects what is wrong with an object; one method a common rule.</summary>
/// <remarks>
/// It keeps the first few and counts the others: a body of some megabytes can be wrong in a million places, and each of them takes a
/// hundred times its own size to be told. Not for concurrent use.
/// </remarks>
internal sealed class FieldErrors : List<FieldError>
{
    /// <summary>More than anyone reads.</summary>
    public const int MostKept = 100;

    /// <summary>Of the texts kept, in characters: a path names keys, which may be long, and so may a value. One may be longer.</summary>
    public const int MostText = 32 * 1024;

    public const string Immutable = "field is immutable";
    public const string Negative = "must be greater than or equal to 0";

    private int _text;

    /// <summary>How many were found that are not kept.</summary>
    public int Dropped { get; private set; }

    /// <summary>How many were found.</summary>
    public int Found => Count + Dropped;

    /// <summary>Whether one more will be kept; if not, it is counted herewith, and need not be put into words.</summary>
    public bool HasRoom()
    {
        if (Count < MostKept && _text < MostText)
            return true;
        Dropped++;
        return false;
    }

    public new void Add(FieldError error)
    {
        if (!HasRoom())
            return;
        base.Add(error);
        _text += error.Path.Length + error.Detail.Length + error.Value switch
        {
            string text => text.Length,
            GoLiteral literal => literal.Text.Length,
            _ => 0,
        };
    }

    public void AddRange(FieldErrors others)
    {
        foreach (var error in others)
            Add(error);
        Dropped += others.Dropped;
    }

    /// <summary>Those kept, and a last one that tells how many are not.</summary>
    public FieldErrors WithRest()
    {
        var all = new FieldErrors();
        all.InsertRange(0, this);
        all.Insert(Count, FieldError.InvalidUnshown("<nil>", $"too many errors: {Dropped} more are not shown"));
        return all;
    }

    public void Required(FieldPath path, string detail = "")
    {
        if (HasRoom())
            Add(FieldError.Required(path.ToString(), detail));
    }

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

    public void Invalid(FieldPath path, object? value, string detail)
    {
        if (HasRoom())
            Add(FieldError.Invalid(path.ToString(), value, detail));
    }

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

    public void Forbidden(FieldPath path, string detail)
    {
        if (HasRoom())
            Add(FieldError.Forbidden(path.ToString(), detail));
    }

    public void Duplicate(FieldPath path, object? value)
    {
        if (HasRoom())
            Add(FieldError.Duplicate(path.ToString(), value));
    }

    public void NotFound(FieldPath path, object? value)
    {
        if (HasRoom())
            Add(FieldError.NotFound(path.ToString(), value));
    }

    public void NotSupported(FieldPath path, string value, IEnumerable<string> supported)
    {
        if (HasRoom())
            Add(FieldError.NotSupported(path.ToString(), value, supported));
    }

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

    public void TooLong(FieldPath path, int maxBytes)
    {
        if (HasRoom())
            Add(FieldError.TooLong(path.ToString(), maxBytes));
    }

    public void TooMany(FieldPath path, int actual, int max)
    {
        if (HasRoom())
            Add(FieldError.TooMany(path.ToString(), actual, max));
    }
}
