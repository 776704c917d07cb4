using Cluster.Api.Custom.Schemas;

namespace Cluster.Api.Custom;

/// <summary>Between the versions of an added kind. They differ by their names and by which fields they know.</summary>
public static class CustomConversion
{
    /// <summary>The object as the version knows it; the object itself where that is no change.</summary>
    /// <param name="obj">Not changed.</param>
    /// <param name="version">The version it is to be of.</param>
    public static CustomObject To(CustomObject obj, ResourceType version)
    {
        var content = CustomJson.Content(obj);
        List<string> gone = [];
        SchemaPruning.Prune(content, version.Custom!.Schema, gone);
        if (gone.Count == 0)
            return obj;
        var converted = new CustomObject { Metadata = obj.Metadata };
        CustomJson.SetContent(converted, content);
        return converted;
    }

    /// <summary>What of a stored object this server's definition knows, with its defaults.</summary>
    /// <param name="obj">Changed.</param>
    /// <param name="version">The stored version.</param>
    public static void Mend(CustomObject obj, ResourceType version)
    {
        var content = CustomJson.Content(obj);
        List<string> gone = [];
        SchemaPruning.Prune(content, version.Custom!.Schema, gone);
        SchemaDefaults.DropNulls(content, version.Custom.Schema);
        if (SchemaDefaults.Apply(content, version.Custom.Schema) || gone.Count > 0)
            CustomJson.SetContent(obj, content);
    }

    /// <summary>Fills in defaults.</summary>
    /// <param name="obj">Changed.</param>
    /// <param name="version">The version whose defaults count.</param>
    public static void Default(CustomObject obj, ResourceType version)
    {
        var content = CustomJson.Content(obj);
        if (SchemaDefaults.Apply(content, version.Custom!.Schema))
            CustomJson.SetContent(obj, content);
    }
}
