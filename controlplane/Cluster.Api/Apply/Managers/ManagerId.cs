namespace Cluster.Api.Apply.Managers;

/// <summary>Who owns fields: a name, how it writes, and for updates the version it writes in.</summary>
/// <param name="Name">The manager.</param>
/// <param name="Operation"><c>Apply</c> or <c>Update</c>.</param>
/// <param name="ApiVersion">Empty for appliers, which stay the same whatever version they apply.</param>
/// <param name="Subresource">Empty for the object itself.</param>
internal readonly record struct ManagerId(string Name, string Operation, string ApiVersion, string Subresource) : IComparable<ManagerId>
{
    public const string Apply = "Apply";
    public const string Update = "Update";

    public bool IsApply => Operation == Apply;

    public static ManagerId Of(string name, string operation, string apiVersion, string subresource) =>
        new(name.Length == 0 ? "unknown" : name, operation, operation == Apply ? "" : apiVersion, subresource);

    public int CompareTo(ManagerId other)
    {
        var order = string.CompareOrdinal(Name, other.Name);
        if (order == 0)
            order = string.CompareOrdinal(Operation, other.Operation);
        if (order == 0)
            order = string.CompareOrdinal(ApiVersion, other.ApiVersion);
        return order != 0 ? order : string.CompareOrdinal(Subresource, other.Subresource);
    }

    /// <summary>As a conflict names it: <c>"kubectl-client-side-apply" using apps/v1</c>.</summary>
    public override string ToString()
    {
        var text = GoText.Quote(Name);
        if (Subresource.Length > 0)
            text += $" with subresource {GoText.Quote(Subresource)}";
        return Operation == Update ? $"{text} using {ApiVersion}" : text;
    }
}
