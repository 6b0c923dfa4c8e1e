"""City Relations and Cooperation: the missions of the Mayor and the delegates."""
