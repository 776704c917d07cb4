using Cluster.Api;

namespace Cluster.Api.RbacV1;

public sealed partial class ClusterRole : IApiObject;

public sealed partial class ClusterRoleBinding : IApiObject;

public sealed partial class Role : IApiObject;

public sealed partial class RoleBinding : IApiObject;

public sealed partial class ClusterRoleBindingList : IApiList<ClusterRoleBinding>;

public sealed partial class ClusterRoleList : IApiList<ClusterRole>;

public sealed partial class RoleBindingList : IApiList<RoleBinding>;

public sealed partial class RoleList : IApiList<Role>;
