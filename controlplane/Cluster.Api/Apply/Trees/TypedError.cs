using Cluster.Api.Validation;

namespace Cluster.Api.Apply.Trees;

/// <summary>A value that does not fit its type: what is wrong, and where.</summary>
/// <param name="Path">From the place where it was found; whoever is above puts its own step before it.</param>
internal readonly record struct TypedError(string Path, string Message)
{
    /// <summary>One more is found, and only told to be there.</summary>
    public const int MostTold = FieldErrors.MostKept;

    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";

    /// <summary>All errors as one text, as Go's code tells them.</summary>
    public static string Text(IReadOnlyList<TypedError> errors) =>
        errors.Count == 1 ? errors[0].ToString() : "errors:" + string.Concat(errors.Take(MostTold).Select(error => $"\n  {error}")) + (errors.Count > MostTold ? "\n  and more" : "");
}
