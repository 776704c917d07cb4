namespace Cluster.Api.Custom.Schemas;

/// <summary>Places in a tree as errors name them.</summary>
internal static class SchemaPaths
{
    public static string Child(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    public static string Item(string path, int index) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path}[{index}]");
}
