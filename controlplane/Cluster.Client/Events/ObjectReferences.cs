using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.Client;

/// <summary>References to objects, as Events and endpoints hold them.</summary>
public static class ObjectReferences
{
    public static ObjectReference To(IApiObject obj)
    {
        var type = ClientResources.For(obj);
        return new()
        {
            ApiVersion = type.ApiVersion,
            Kind = type.Kind,
            Namespace = obj.Metadata.Namespace,
            Name = obj.Metadata.Name,
            Uid = obj.Metadata.Uid,
            ResourceVersion = obj.Metadata.ResourceVersion,
        };
    }
}
