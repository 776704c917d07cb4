namespace Cluster.ApiServer.OpenApi;

/// <summary>The two dialects: swagger 2.0 as one document, OpenAPI 3.0 as one document a group version.</summary>
internal enum OpenApiVersion
{
    V2,
    V3,
}
